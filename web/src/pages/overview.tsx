// What an operator keeps open: who is in, how they hang together, what has happened, what it costs.
import { useEffect, useMemo, useState } from "preact/hooks";
import { LineChart, type Line } from "../charts/line_chart";
import { Timeline } from "../charts/timeline";
import type { OverlayStore } from "../daemon/overlay_store";
import type { RateName } from "../daemon/rates";
import { bytesText, clockText, countText, kStatusMarks } from "../shell/words";
import { overlayAddress } from "../shell/router";
import { kStatuses } from "../daemon/types";
import { OverlayActions } from "./actions";
import { GraphCard } from "./graph_card";
import { HealthCard } from "./health_card";
import type { PageProperties } from "./overlay";

const kSpans = [
  { title: "5 minutes", ms: 300_000 },
  { title: "30 minutes", ms: 1_800_000 },
  { title: "3 hours", ms: 10_800_000 },
];
/** Changes shown in words beside the timeline. */
const kListedChangesMax = 12;
const kTimelineTickMs = 1_000;

function Counts({ store }: { store: OverlayStore }) {
  void store.membersVersion.value;
  const counts = { alive: 0, suspect: 0, dead: 0, left: 0 };
  for (const member of store.table.members.values()) counts[member.status] += 1;
  return (
    <p class="row counts" aria-live="polite">
      {kStatuses.map((status) => (
        <a key={status} class={`status ${status}`}
          href={`${overlayAddress(store.name, "members")}?status=${status}`}>
          <span aria-hidden="true">{kStatusMarks[status]}</span> <strong>{counts[status]}</strong> {status}
        </a>
      ))}
    </p>
  );
}

function TimelineCard({ store }: { store: OverlayStore }) {
  const [span, setSpan] = useState(kSpans[0]?.ms ?? 300_000);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, kTimelineTickMs);
    return () => clearInterval(timer);
  }, []);
  const version = store.changesVersion.value;
  const changes = useMemo(() => store.table.changes.toArray(), [version]);
  const newest = changes.slice(-kListedChangesMax).reverse();
  const to = Math.max(now, newest[0]?.at_ms ?? 0);
  return (
    <section class="card" aria-labelledby="timeline-title">
      <div class="row">
        <h2 id="timeline-title">Comings and goings</h2>
        <span class="spring" />
        <label class="quiet">The last{" "}
          <select value={span} onChange={(event) => setSpan(Number(event.currentTarget.value))}>
            {kSpans.map((each) => <option key={each.ms} value={each.ms}>{each.title}</option>)}
          </select>
        </label>
      </div>
      <div class="timeline-row">
        <Timeline changes={changes} from_ms={to - span} to_ms={to} />
        <ol class="changes" aria-label="Newest changes" aria-live="polite">
          {newest.map((change) => (
            <li key={`${change.at_ms}-${change.id}-${change.kind}`} data-kind={change.kind}>
              <span class="mono quiet">{clockText(change.at_ms).slice(0, 8)}</span>{" "}
              <a href={overlayAddress(store.name, "members", change.id)}>{change.name}</a> {change.kind}
            </li>
          ))}
          {newest.length === 0 && <li class="quiet">Nothing has happened yet.</li>}
        </ol>
      </div>
    </section>
  );
}

const kCharts: { title: string; names: RateName[]; lines: Line[]; text: (value: number) => string }[] = [
  {
    title: "Bytes per second",
    names: ["sent_bytes", "received_bytes"],
    lines: [{ label: "sent", color: "--chart-1" }, { label: "received", color: "--chart-2", isDashed: true }],
    text: bytesText,
  },
  {
    title: "Packets per second",
    names: ["sent_packets", "received_packets"],
    lines: [{ label: "sent", color: "--chart-1" }, { label: "received", color: "--chart-2", isDashed: true }],
    text: countText,
  },
  {
    title: "Events per second",
    names: ["events_published", "events_delivered", "event_duplicates"],
    lines: [
      { label: "published here", color: "--chart-4" },
      { label: "delivered here", color: "--chart-3", isDashed: true },
      { label: "came twice", color: "--chart-2" },
    ],
    text: countText,
  },
];

function RateCharts({ store }: { store: OverlayStore }) {
  const version = store.samplesVersion.value;
  return (
    <section class="charts" aria-label="Rates of this member">
      {kCharts.map((chart) => <RateChart key={chart.title} chart={chart} store={store} version={version} />)}
    </section>
  );
}

function RateChart({ chart, store, version }: {
  chart: (typeof kCharts)[number]; store: OverlayStore; version: number;
}) {
  const data = useMemo(() => store.rates.columns(chart.names), [version]);
  return (
    <div class="card">
      <LineChart title={chart.title} lines={chart.lines} data={data} text={chart.text} />
    </div>
  );
}

export function Overview({ store }: PageProperties) {
  return (
    <>
      <div class="row title">
        <h1>{store.name}</h1>
        <Counts store={store} />
        <span class="spring" />
        <OverlayActions store={store} />
      </div>
      <div class="overview">
        <GraphCard store={store} />
        <HealthCard store={store} />
        <TimelineCard store={store} />
        <RateCharts store={store} />
      </div>
    </>
  );
}
