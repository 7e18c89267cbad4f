// Play, pause, step, back, speed, and the timeline of what has been kept.

import type { Bench } from "./bench";
import { kSpeedLeast, kSpeedMost, type LabPlayer } from "./player";

/** Powers of ten of the speed slider. */
const kSpeedSliderLeast = Math.log10(kSpeedLeast);
const kSpeedSliderMost = Math.log10(kSpeedMost);
/** The daemon is said to be slow only if it is clearly so. */
const kSlowShare = 0.85;

export function speedWords(speed: number): string {
  if (speed >= 10) return `${Math.round(speed)}×`;
  return `${Number(speed.toPrecision(2))}×`;
}

export function timeWords(player: LabPlayer): string {
  const shown = player.store.shown;
  if (shown === null) return "at the beginning";
  return `round ${shown.round}, ${(shown.at_ms / 1000).toFixed(2)} s`;
}

function phaseWords(player: LabPlayer): string {
  switch (player.phase.value) {
    case "idle":
      return "not started";
    case "connecting":
      return "starting …";
    case "paused":
      return player.store.isAtEnd ? "paused" : "paused, shown further back";
    case "playing":
      return "playing";
    case "seeking":
      return "going there …";
    case "ended":
      return player.store.isAtEnd ? "ended" : "ended, shown further back";
    case "lost":
      return "connection lost";
  }
}

function Timeline({ bench, player }: { bench: Bench; player: LabPlayer }) {
  const { store } = player;
  void player.drawn.value;
  const last = Math.max(0, store.frameCount - 1);
  return (
    <label class="lab-timeline">
      <span class="visually-hidden">Moment of the run</span>
      <input
        type="range" min={0} max={last} step={1} value={Math.max(0, store.cursor)}
        disabled={store.frameCount < 2} aria-valuetext={timeWords(player)}
        onInput={(event) => {
          const frame = store.frameAt(Number(event.currentTarget.value));
          if (frame !== null) bench.showAt(frame.at_ms);
        }}
      />
    </label>
  );
}

function SpeedSlider({ bench, player }: { bench: Bench; player: LabPlayer }) {
  const speed = player.speed.value;
  const isSlow =
    player.phase.value === "playing" && player.realSpeed.value < speed * kSlowShare;
  return (
    <label class="lab-speed">
      Speed <output class="number">{speedWords(speed)}</output>
      <input
        type="range" min={kSpeedSliderLeast} max={kSpeedSliderMost} step={0.1}
        value={Math.log10(speed)} aria-valuetext={speedWords(speed)}
        onInput={(event) => bench.setSpeed(10 ** Number(event.currentTarget.value))}
      />
      {isSlow && <span class="quiet">in fact {speedWords(player.realSpeed.value)}</span>}
    </label>
  );
}

export function Transport({ bench }: { bench: Bench }) {
  const player = bench.first;
  if (player === undefined) return null;
  void player.drawn.value;
  const phase = player.phase.value;
  const isPlaying = bench.players.value.some((each) => each.phase.value === "playing");
  const isOver = bench.players.value.every((each) => each.phase.value === "ended");
  return (
    <div class="lab-transport card" role="group" aria-label="Course of the run">
      <div class="row">
        <button type="button" onClick={() => bench.startAgain()} title="The same run from its beginning">
          ⟲ Start again
        </button>
        <button type="button" onClick={() => bench.toBeginning()} disabled={player.store.frameCount === 0}
          aria-label="To the first moment" title="To the first moment of this run">|◂</button>
        <button type="button" onClick={() => bench.stepBack()} disabled={player.store.cursor <= 0}
          title="One picture back">◂ Back</button>
        <button type="button" class="primary lab-play" onClick={() => bench.toggle()}
          disabled={phase === "lost" || phase === "connecting" || isOver}>
          {isPlaying ? "❚❚ Pause" : "▶ Play"}
        </button>
        <button type="button" onClick={() => bench.step()}
          disabled={(isOver && player.store.isAtEnd) || phase === "connecting"}
          title="One interval on">Step ▸</button>
        <SpeedSlider bench={bench} player={player} />
      </div>
      <div class="row">
        <Timeline bench={bench} player={player} />
        <span class="lab-moment" role="status">{timeWords(player)} · {phaseWords(player)}</span>
      </div>
      {bench.players.value.map((each, index) => (
        <p key={index} class="problem" role="alert">{each.problem.value}</p>
      ))}
    </div>
  );
}
