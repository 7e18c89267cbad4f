// Comings and goings as marks on lanes: one lane per kind, time from left to right.
import type { Change } from "../daemon/members";
import { clockText } from "../shell/words";

export const kLanes: { kind: string; title: string; color: string; shape: "disc" | "triangle" | "cross" | "ring" }[] = [
  { kind: "joined", title: "joined", color: "--status-alive", shape: "disc" },
  { kind: "returned", title: "returned", color: "--status-alive", shape: "disc" },
  { kind: "suspected", title: "suspected", color: "--status-suspect", shape: "triangle" },
  { kind: "cleared", title: "cleared", color: "--status-alive", shape: "disc" },
  { kind: "died", title: "died", color: "--status-dead", shape: "cross" },
  { kind: "left", title: "left", color: "--status-left", shape: "ring" },
];

/** Marks of one lane nearer than this share are drawn as one, with their number. */
const kMergeShare = 0.008;

export interface Mark {
  /** 0 is the left end, 1 the right one. */
  share: number;
  count: number;
  first: Change;
}

/** The marks of a lane within a span of time; those that would lie upon each other are one. */
export function marksOf(changes: readonly Change[], kind: string, from_ms: number, to_ms: number): Mark[] {
  const marks: Mark[] = [];
  for (const change of changes) {
    if (change.kind !== kind || change.at_ms < from_ms || change.at_ms > to_ms) continue;
    const share = (change.at_ms - from_ms) / Math.max(1, to_ms - from_ms);
    const last = marks[marks.length - 1];
    if (last !== undefined && share - last.share < kMergeShare) last.count += 1;
    else marks.push({ share, count: 1, first: change });
  }
  return marks;
}

const kLaneHeight = 22;

function Shape({ shape, color }: { shape: (typeof kLanes)[number]["shape"]; color: string }) {
  const paint = `var(${color})`;
  switch (shape) {
    case "disc": return <circle r="5" fill={paint} />;
    case "ring": return <circle r="4.5" fill="none" stroke={paint} stroke-width="2.5" />;
    case "triangle": return <path d="M0 -6L5.5 4.5H-5.5Z" fill={paint} />;
    case "cross": return <path d="M-4.5 -4.5L4.5 4.5M4.5 -4.5L-4.5 4.5" stroke={paint} stroke-width="2.5" />;
  }
}

function markTitle(mark: Mark, title: string): string {
  const who = mark.count === 1 ? mark.first.name : `${mark.count} members`;
  return `${who} ${title}, ${clockText(mark.first.at_ms)}`;
}

export function Timeline({ changes, from_ms, to_ms }: {
  changes: readonly Change[]; from_ms: number; to_ms: number;
}) {
  return (
    <div class="timeline" role="img"
      aria-label="Timeline of comings and goings; the list beside it says the same in words">
      {kLanes.map((lane) => (
        <div key={lane.kind} class="lane">
          <span class="lane-title">{lane.title}</span>
          <svg height={kLaneHeight} width="100%">
            <line x1="0" x2="100%" y1={kLaneHeight / 2} y2={kLaneHeight / 2} stroke="var(--chart-grid)" />
            {marksOf(changes, lane.kind, from_ms, to_ms).map((mark) => (
              <svg key={mark.first.at_ms + mark.first.id} x={`${mark.share * 100}%`} y={kLaneHeight / 2}
                overflow="visible">
                <title>{markTitle(mark, lane.title)}</title>
                <Shape shape={lane.shape} color={lane.color} />
                {mark.count > 1 && <text x="8" y="4" class="mark-count">{mark.count}</text>}
              </svg>
            ))}
          </svg>
        </div>
      ))}
      <div class="lane scale">
        <span class="lane-title" />
        <span>{clockText(from_ms).slice(0, 8)}</span><span class="spring" />
        <span>{clockText(to_ms).slice(0, 8)}</span>
      </div>
    </div>
  );
}
