// What the picture says, in words and numbers: legend with counts, summary, trace hash.

import type { Bench } from "./bench";
import { shortNumber } from "../charts/scale";
import { kStateShapes, packetTitle, pagePalette, scaleColour, stateTitle, type Palette, type Shape } from "./palette";
import { valueScale } from "./scene";
import { MemberState, type Note } from "./protocol";
import type { LabPlayer } from "./player";
import { themeVersion } from "../shell/theme";

/** Names of a summary in words; others are shown as they are. */
const kSummaryTitles: Record<string, string> = {
  rounds: "Rounds",
  infected: "Have heard",
  spreading: "Still tell others",
  up: "Members that run",
  joined: "Know all members",
  residue: "Never heard (residue)",
  messages_per_member: "Messages per member",
  copies_per_member: "Copies of the rumor per member",
  duplicates: "Copies that were known already",
  lost: "Messages lost on the way",
  relative_variance: "Variance, relative to the first",
  mean: "Mean of what members hold",
  true_mean: "True mean",
  factor: "Factor of the variance per round",
  behind: "Members that lack something",
  copies: "Entries sent",
  needless: "Entries sent in vain",
  bytes_per_member: "Bytes per member",
  t_last_ms: "The last one had it after (ms)",
  t_mean_ms: "On average after (ms)",
  variance: "Variance",
  different: "Entries that differ",
  false_deaths: "Taken for dead, but alive",
  suspicions: "Suspicions",
};

function Mark({ shape, colour }: { shape: Shape; colour: string }) {
  const stroke = { fill: "none", stroke: colour, "stroke-width": 2 };
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {shape === "ring" && <circle cx="8" cy="8" r="4.5" {...stroke} />}
      {(shape === "disc" || shape === "halo") && <circle cx="8" cy="8" r="4" fill={colour} />}
      {shape === "halo" && <circle cx="8" cy="8" r="6.8" {...stroke} stroke-width="1.2" />}
      {shape === "cross" && <path d="M4 4L12 12M12 4L4 12" {...stroke} />}
      {shape === "triangle" && <polygon points="8,3 13,12 3,12" fill={colour} />}
      {shape === "square" && <rect x="4" y="4" width="8" height="8" fill={colour} />}
      {shape === "diamond" && <polygon points="8,2.5 13.5,8 8,13.5 2.5,8" {...stroke} />}
    </svg>
  );
}

/** Numbers are shown by colour: what the colours mean. */
function ScaleLegend({ player, palette }: { player: LabPlayer; palette: Palette }) {
  const scale = valueScale(player);
  if (scale === null) return null;
  return (
    <li class="lab-scale">
      <span class="number">{shortNumber(scale.least)}</span>
      <svg viewBox="0 0 100 12" width="100" height="12" aria-hidden="true">
        {Array.from({ length: 20 }, (_, step) => (
          <rect key={step} x={step * 5} y="0" width="5.2" height="12" fill={scaleColour(palette.scale, step / 19)} />
        ))}
      </svg>
      <span class="number">{shortNumber(scale.most)}</span>
    </li>
  );
}

export function Legend({ bench, player }: { bench: Bench; player: LabPlayer }) {
  void [player.drawn.value, themeVersion.value];
  const palette = pagePalette();
  const experiment = bench.experiment.value?.name ?? "";
  const counts = player.store.countStates();
  // Where numbers are coloured, only states that have a shape of their own are told.
  const isShaped = (state: number) =>
    valueScale(player) === null || state === MemberState.down || state === MemberState.joining;
  const sent = new Set(player.store.shown?.sent.map((each) => each[2]) ?? []);
  return (
    <ul class="lab-legend" aria-label="What the marks mean, and how many there are">
      <ScaleLegend player={player} palette={palette} />
      {counts.map((count, state) =>
        count === 0 || !isShaped(state) ? null : (
          <li key={state}>
            <Mark shape={kStateShapes[state] ?? "ring"} colour={palette.states[state] ?? palette.ink} />
            {stateTitle(state, experiment)} <b class="number">{count}</b>
          </li>
        ),
      )}
      {[...sent].sort().map((kind) => (
        <li key={`sent${kind}`} class="quiet">
          <Mark shape={kind === 5 ? "cross" : "square"} colour={palette.packets[kind] ?? palette.ink} />
          {packetTitle(kind)}
        </li>
      ))}
    </ul>
  );
}

/** Notes that are shown; the file has more. */
const kNotesShown = 12;

const kNoteWords: Record<string, (note: Note) => string> = {
  killed: (note) => `member ${note.member} is killed`,
  back: (note) => `member ${note.member} is started again`,
  suspected: (note) => `member ${note.member} is suspected, first by ${note.by}`,
  dead: (note) => `${note.by} is the first to hold ${note.member} for dead, ${note.after_ms} ms after its death`,
  dead_to_all: (note) => `all hold ${note.member} for dead, ${note.after_ms} ms after its death`,
  false_death: (note) => `${note.by} holds ${note.member} for dead, but it lives`,
  learned: (note) => (note.from === undefined
    ? `member ${note.member} says something new` : `member ${note.member} hears it from ${note.from}`),
  refused: (note) => `member ${note.member} cannot say it now`,
};

export function noteWords(note: Note): string {
  const words = kNoteWords[note.kind]?.(note) ?? `${note.kind}: member ${note.member ?? "?"}`;
  return `${(note.at_ms / 1000).toFixed(2)} s: ${words}`;
}

/** What has happened last, in words. */
export function Notes({ player }: { player: LabPlayer }) {
  void player.drawn.value;
  const { notes } = player.store;
  if (notes.length === 0) return null;
  return (
    <section class="card" aria-label="What has happened">
      <h2>What has happened</h2>
      <ol class="lab-notes">
        {notes.slice(-kNotesShown).reverse().map((note) => <li key={noteWords(note)}>{noteWords(note)}</li>)}
      </ol>
    </section>
  );
}

/** Numbers of a summary, with their names. */
export function summaryRows(summary: Record<string, unknown>): [string, string][] {
  return Object.entries(summary)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([name, value]) => [kSummaryTitles[name] ?? name.replace(/_/g, " "), shortNumber(value)]);
}

export function Summary({ bench }: { bench: Bench }) {
  const players = bench.players.value;
  for (const player of players) void player.drawn.value;
  if (!players.some((player) => player.store.ended !== null)) return null;
  return (
    <section class="card" aria-label="Summary">
      {players.map((player, index) => {
        const ended = player.store.ended;
        if (ended === null) return null;
        return (
          <div key={index}>
            <h2>{players.length > 1 ? (index === 0 ? "First run" : "Second run") : "The run in numbers"}</h2>
            <dl class="lab-numbers">
              {summaryRows(ended.summary).map(([name, value]) => (
                <div key={name}><dt>{name}</dt><dd class="number">{value}</dd></div>
              ))}
            </dl>
            <p class="quiet">
              Trace hash <code class="lab-hash">{ended.trace_hash}</code>: the same link always gives the same.
            </p>
          </div>
        );
      })}
    </section>
  );
}

/** Instead of the picture, for runs with too many members to draw. */
export function Bars({ bench, player }: { bench: Bench; player: LabPlayer }) {
  void [player.drawn.value, themeVersion.value];
  const palette = pagePalette();
  const experiment = bench.experiment.value?.name ?? "";
  const total = Math.max(1, player.store.memberCount);
  return (
    <div class="lab-bars" role="img"
      aria-label={`${total} members are too many to draw; the bars say how many are in which state`}>
      <p class="quiet">{total.toLocaleString("en")} members are too many to draw one by one.</p>
      {player.store.countStates().map((count, state) =>
        count === 0 ? null : (
          <div key={state} class="lab-bar">
            <span>{stateTitle(state, experiment)}</span>
            <span class="lab-bar-track">
              <span class="lab-bar-fill" style={{
                width: `${(100 * count) / total}%`, background: palette.states[state] ?? palette.ink,
              }} />
            </span>
            <b class="number">{count}</b>
          </div>
        ),
      )}
    </div>
  );
}
