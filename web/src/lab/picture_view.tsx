// The picture of one run on a canvas: drawn as the screen asks, and a place to act with mouse, finger
// or keyboard.

import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { themeVersion } from "../shell/theme";
import type { Bench } from "./bench";
import { kClogMs } from "./bench";
import { keyAction } from "./keys";
import { memberAt, membersBeyond } from "./layout";
import { pagePalette } from "./palette";
import { Packets, drawPicture, kFlightMs } from "./picture";
import type { LabPlayer } from "./player";
import { SceneMaker } from "./scene";

/** Pixels of the canvas; its size on the page follows the page. */
const kPixels = 900;
/** How near to a member a click must be, as a share of the picture. */
const kReach = 0.035;
/** Slow motion stretches flights up to this. */
const kFlightMsMax = 2_500;

interface Drag {
  from: [number, number];
  to: [number, number];
  member: number;
}

/** Owns the loop: draws while something moves, rests otherwise. */
class Painter {
  readonly scenes: SceneMaker;
  readonly packets = new Packets();
  drag: Drag | null = null;
  private request_ = 0;
  private lastShown_ = -1;

  constructor(
    readonly bench: Bench,
    readonly player: LabPlayer,
    readonly canvas: HTMLCanvasElement,
  ) {
    this.scenes = new SceneMaker(player);
  }

  wake(): void {
    if (this.request_ === 0) this.request_ = requestAnimationFrame((now) => this.paint(now));
  }

  stop(): void {
    cancelAnimationFrame(this.request_);
    this.request_ = 0;
  }

  /** Packets fly as long as they do in the run, if that can be seen at all. */
  flight(): number {
    const latency = Number(this.player.store.started?.settings.latency_ms ?? 0);
    return Math.max(kFlightMs, Math.min(kFlightMsMax, latency / this.player.speed.value));
  }

  private paint(now: number): void {
    this.request_ = 0;
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    const { store } = this.player;
    const shown = store.shown;
    if (shown !== null && shown.number !== this.lastShown_) {
      this.lastShown_ = shown.number;
      this.packets.launch(shown.sent, now, this.flight());
    }
    this.packets.settle(now);
    const drag = this.drag;
    const line = drag === null ? null : ([...drag.from, ...drag.to] as [number, number, number, number]);
    const scene = this.scenes.scene(
      this.bench.layout.value, pagePalette(), this.packets.all, this.bench.selected.value, line,
    );
    drawPicture(context, kPixels, scene, now);
    this.canvas.dataset["frame"] = String(shown?.number ?? 0);
    this.canvas.dataset["packets"] = String(this.packets.all.length);
    if (this.packets.all.length > 0) this.wake();
  }
}

function placeOf(canvas: HTMLCanvasElement, event: PointerEvent): [number, number] {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** What a press, a drag or a click does, by the tool in hand. */
function finishDrag(bench: Bench, positions: Float32Array, drag: Drag): void {
  const tool = bench.tool.value;
  if (tool === "partition") {
    const members = membersBeyond(positions, drag.from, drag.to);
    const isLine = Math.hypot(drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]) > 0.05;
    if (isLine && members.length > 0) {
      bench.act({ do: "partition", members }, `${members.length} members are cut off`);
    }
    return;
  }
  const target = memberAt(positions, drag.to[0], drag.to[1], kReach);
  if (tool === "clog") {
    if (drag.member < 0 || target < 0 || drag.member === target) return;
    bench.act({ do: "clog", from: drag.member, to: target, for_ms: kClogMs },
      `the link from ${drag.member} to ${target} is clogged`);
    return;
  }
  if (target < 0) return;
  bench.select(target);
  if (tool === "rumor") bench.act({ do: "rumor", member: target }, `member ${target} says something new`);
  else if (tool === "kill") bench.act({ do: "kill", member: target }, `member ${target} is killed`);
  else if (tool === "restart") bench.act({ do: "restart", member: target }, `member ${target} is back`);
}

function listen(painter: Painter): () => void {
  const { canvas, bench } = painter;
  const press = (event: PointerEvent): void => {
    const from = placeOf(canvas, event);
    const positions = painter.scenes.positions(bench.layout.value);
    painter.drag = { from, to: from, member: memberAt(positions, from[0], from[1], kReach) };
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    if (painter.drag === null) return;
    painter.drag.to = placeOf(canvas, event);
    painter.wake();
  };
  const release = (event: PointerEvent): void => {
    const drag = painter.drag;
    painter.drag = null;
    painter.wake();
    if (drag === null || event.type === "pointercancel") return;
    drag.to = placeOf(canvas, event);
    finishDrag(bench, painter.scenes.positions(bench.layout.value), drag);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const positions = painter.scenes.positions(bench.layout.value);
    if (keyAction(bench, painter.player, positions, event.key)) event.preventDefault();
  };
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("keydown", key);
  return () => {
    canvas.removeEventListener("pointerdown", press);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", release);
    canvas.removeEventListener("pointercancel", release);
    canvas.removeEventListener("keydown", key);
  };
}

export function PictureView({ bench, player, name }: { bench: Bench; player: LabPlayer; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const id = useMemo(() => `keys-${Math.random().toString(36).slice(2)}`, []);
  useEffect(() => {
    if (canvas.current === null) return;
    const painter = new Painter(bench, player, canvas.current);
    const stopListening = listen(painter);
    const unsubscribe = effect(() => {
      void [player.drawn.value, bench.layout.value, bench.selected.value, themeVersion.value];
      void player.link.value;
      painter.wake();
    });
    player.onFrame = () => painter.wake();
    return () => {
      player.onFrame = () => undefined;
      unsubscribe();
      stopListening();
      painter.stop();
    };
  }, [bench, player]);
  return (
    <>
      <canvas
        ref={canvas} width={kPixels} height={kPixels} class={`lab-canvas tool-${bench.tool.value}`}
        tabIndex={0} role="application" aria-label={`${name}: members of the run`} aria-describedby={id}
      />
      <p id={id} class="visually-hidden">
        Arrow keys choose a member. Enter does what the tool in hand does. Space plays and pauses, full
        stop goes one step, comma one step back. R starts a rumor, K kills, B brings back, C begins and
        ends a clog, H heals, L changes the layout.
      </p>
    </>
  );
}
