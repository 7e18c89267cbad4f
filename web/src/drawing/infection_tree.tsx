// The replay of one event: the tree, and the controls to play, pause and move through it.
import { useEffect, useRef, useState } from "preact/hooks";
import { themeVersion } from "../shell/theme";
import { microsText } from "../shell/words";
import { instantOf, kReplayMs, reachedAt, type Infection } from "./infection";
import { infectionColors, paintInfection } from "./infection_painter";

const kSteps = 1_000;

function paint(canvas: HTMLCanvasElement, infection: Infection, share: number): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintInfection(context, infection, instantOf(infection, share), width, height, infectionColors());
}

/** Moves `share` from where it is to 1, frame by frame, while it plays. */
function usePlayer(infection: Infection) {
  const [share, setShare] = useState(0);
  const [isPlaying, setPlaying] = useState(true);
  useEffect(() => {
    setShare(0);
    setPlaying(true);
  }, [infection]);
  useEffect(() => {
    if (!isPlaying) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function step(now) {
      const moved = (now - before) / kReplayMs;
      before = now;
      setShare((old) => Math.min(1, old + Math.max(0, moved)));
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying]);
  useEffect(() => {
    if (share >= 1) setPlaying(false);
  }, [share]);
  return { share, setShare, isPlaying, setPlaying };
}

export function InfectionTree({ infection }: { infection: Infection }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { share, setShare, isPlaying, setPlaying } = usePlayer(infection);
  const [width, setWidth] = useState(0);
  const version = themeVersion.value;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current, infection, share);
  }, [infection, share, width, version]);
  const at = instantOf(infection, share);
  const text = `${microsText(at)}: ${reachedAt(infection, at)} of ${infection.nodes.length} have it`;
  const play = () => {
    if (share >= 1) setShare(0);
    setPlaying(!isPlaying);
  };
  return (
    <div class="infection">
      <canvas ref={canvas} role="img" aria-label={`Tree of who told whom; ${text}. The table below says the same.`} />
      <div class="row player">
        <button type="button" class="primary" onClick={play}>{isPlaying ? "Pause" : share >= 1 ? "Replay" : "Play"}</button>
        <input type="range" min={0} max={kSteps} value={Math.round(share * kSteps)} aria-label="Instant"
          aria-valuetext={text}
          onInput={(event) => {
            setPlaying(false);
            setShare(Number(event.currentTarget.value) / kSteps);
          }} />
        <output class="mono">{text}</output>
      </div>
      <p class="quiet legend-line">
        <span class="told">●</span> told &nbsp; <span class="fresh">●</span> just now &nbsp; <span class="repaired">■</span> by repair (dashed line)
        &nbsp; <span class="waiting">●</span> not yet
      </p>
    </div>
  );
}
