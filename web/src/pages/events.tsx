// Events: what is published as it comes, a form to publish, and one event followed on its way.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { pathOf, request } from "../daemon/client";
import type { OverlayStore } from "../daemon/overlay_store";
import { Ring } from "../daemon/ring";
import { may } from "../daemon/session";
import type { EventItem, GapItem, PublishReceipt, StreamItem } from "../daemon/types";
import { LongTable, type Column } from "../drawing/long_table";
import { attempt } from "../shell/notices";
import { go, overlayAddress } from "../shell/router";
import { clockText, counted, payloadText } from "../shell/words";
import type { PageProperties } from "./overlay";
import { eventAddress, parseEventAddress, TraceCard } from "./trace_card";

/** Events kept on the page; older ones make room. */
export const kTailMax = 5_000;
/** The daemon takes no more in one subscription. */
export const kPatternsMax = 32;
/** Payloads are cut to this for the list; the whole one is shown for the chosen event. */
const kPreviewLength = 200;

type TailItem = EventItem | GapItem;

/** Patterns as they were typed: parted by spaces or commas. None means all. */
export function patternsOf(text: string): string[] {
  const patterns = text.split(/[\s,]+/).filter((pattern) => pattern !== "");
  return patterns.length === 0 ? [">"] : patterns.slice(0, kPatternsMax);
}

interface Tail {
  rows: TailItem[];
  displaced: number;
  problem: string;
  clear: () => void;
}

/** The newest events of some topics. While paused they are kept, and not shown. */
function useTail(store: OverlayStore, patterns: string, withOld: boolean, isPaused: boolean): Tail {
  const ring = useRef(new Ring<TailItem>(kTailMax));
  const [rows, setRows] = useState<TailItem[]>([]);
  const [problem, setProblem] = useState("");
  const paused = useRef(isPaused);
  paused.current = isPaused;
  useEffect(() => {
    ring.current.clear();
    setRows([]);
    setProblem("");
    return store.stream.subscribe(
      { events: true, topics: patternsOf(patterns), from: withOld ? "oldest" : "now" },
      {
        onItems: (items: StreamItem[], lost) => {
          if (lost > 0) store.noteMissed(lost);
          for (const item of items) {
            if (item.type === "event" || item.type === "gap") ring.current.push(item);
            else if (item.type === "missed") store.noteMissed(item.missed);
          }
          if (!paused.current) setRows(ring.current.toArray());
        },
        onProblem: setProblem,
      },
    );
  }, [store, patterns, withOld]);
  useEffect(() => {
    if (!isPaused) setRows(ring.current.toArray());
  }, [isPaused]);
  const clear = () => {
    ring.current.clear();
    setRows([]);
  };
  return { rows, displaced: ring.current.displaced, problem, clear };
}

function tailColumns(store: OverlayStore): Column<TailItem>[] {
  const name = (id: string) => store.table.members.get(id)?.name ?? id;
  return [
    { key: "at", title: "Seen", width: "8.6rem", isExtra: true, cell: (item) => <span class="mono">{clockText(item.seen_at_ms)}</span> },
    { key: "topic", title: "Topic", width: "2fr", cell: (item) => (item.type === "event" ? item.topic : "(lost)") },
    { key: "publisher", title: "Publisher", width: "1.3fr", isExtra: true, cell: (item) => name(item.publisher) },
    {
      key: "payload", title: "Payload", width: "4fr",
      cell: (item) => (item.type === "event" ? payloadText(item).slice(0, kPreviewLength)
        : `events ${item.first} to ${item.last} cannot be had any more`),
    },
    {
      key: "follow", title: "Trace", width: "5.2rem",
      cell: (item) => item.type === "event" && item.trace === true && (
        <a href={followAddress(store.name, item)} aria-label={`Follow event ${item.sequence} on ${item.topic}`}>Follow</a>
      ),
    },
  ];
}

function followAddress(overlay: string, event: Parameters<typeof eventAddress>[0]): string {
  return `${overlayAddress(overlay, "events")}?follow=${encodeURIComponent(eventAddress(event))}`;
}

function PublishForm({ store }: { store: OverlayStore }) {
  const [topic, setTopic] = useState("hello");
  const [payload, setPayload] = useState("");
  const [trace, setTrace] = useState(true);
  const [last, setLast] = useState<PublishReceipt | null>(null);
  const publish = () => attempt("", async () => {
    const path = pathOf("/v1/overlays/{}/events", store.name);
    const body = { topic, payload, ...(trace ? { trace } : {}) };
    setLast(await request<PublishReceipt>("POST", path, { body }));
  });
  return (
    <form class="card stack publish" aria-label="Publish an event" onSubmit={(event) => {
      event.preventDefault();
      void publish();
    }}>
      <h2>Publish</h2>
      <label class="field">Topic
        <input required maxLength={128} value={topic} onInput={(event) => setTopic(event.currentTarget.value)} />
      </label>
      <label class="field">Payload
        <textarea rows={3} value={payload} onInput={(event) => setPayload(event.currentTarget.value)} />
      </label>
      <label><input type="checkbox" checked={trace} onChange={(event) => setTrace(event.currentTarget.checked)} />{" "}
        Members note how they learn of it
      </label>
      <button type="submit" class="primary">Publish</button>
      <p role="status" class="quiet">
        {last !== null && <>Published as <code>{last.id}</code>. </>}
        {last !== null && trace && <a href={followAddress(store.name, last)}>Follow it</a>}
      </p>
    </form>
  );
}

function TailTools(properties: {
  patterns: string; onPatterns: (text: string) => void;
  withOld: boolean; onOld: (next: boolean) => void;
  isPaused: boolean; onPause: () => void; onClear: () => void;
}) {
  const [text, setText] = useState(properties.patterns);
  return (
    <form class="row" onSubmit={(event) => {
      event.preventDefault();
      properties.onPatterns(text);
    }}>
      <label class="quiet">Topics{" "}
        <input value={text} placeholder="all, or: build.* deploy.>" aria-describedby="patterns-help"
          onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <button type="submit">Show</button>
      <label class="quiet"><input type="checkbox" checked={properties.withOld}
        onChange={(event) => properties.onOld(event.currentTarget.checked)} /> also what the daemon still holds</label>
      <span class="spring" />
      <button type="button" aria-pressed={properties.isPaused} onClick={properties.onPause}>
        {properties.isPaused ? "Go on" : "Pause"}
      </button>
      <button type="button" onClick={properties.onClear}>Clear</button>
      <span id="patterns-help" class="visually-hidden">
        Patterns parted by spaces; a star is one word, a greater-than sign at the end is all that follows.
      </span>
    </form>
  );
}

export default function Events({ store, route }: PageProperties) {
  const [patterns, setPatterns] = useState(route.query.get("topic") ?? "");
  const [withOld, setWithOld] = useState(true);
  const [isPaused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<TailItem | null>(null);
  const tail = useTail(store, patterns, withOld, isPaused);
  const columns = useMemo(() => tailColumns(store), [store]);
  const followed = parseEventAddress(route.query.get("follow") ?? "");
  return (
    <>
      <h1>Events</h1>
      {followed !== null && (
        <TraceCard overlay={store.name} event={followed}
          onClose={() => go(overlayAddress(store.name, "events"))} />
      )}
      <div class="events">
        <section class="card tail" aria-label="Live events">
          <TailTools patterns={patterns} onPatterns={setPatterns} withOld={withOld} onOld={setWithOld}
            isPaused={isPaused} onPause={() => setPaused(!isPaused)} onClear={tail.clear} />
          <p class="problem" role="alert">{tail.problem}</p>
          <LongTable label="Events" columns={columns} rows={tail.rows} followsEnd={!isPaused}
            idOf={(item) => item.cursor} onOpen={setChosen} empty="Nothing yet. What is published appears here." />
          <p class="quiet" role="status">
            {counted(tail.rows.length, "event")}{isPaused ? ", paused" : ""}
            {tail.displaced > 0 && `; ${counted(tail.displaced, "older one")} made room`}. Enter or a double click
            shows one as a whole.
          </p>
        </section>
        <div class="stack">
          {may("publish") && <PublishForm store={store} />}
          {chosen?.type === "event" && <WholeEvent event={chosen} onClose={() => setChosen(null)} />}
        </div>
      </div>
    </>
  );
}

function WholeEvent({ event, onClose }: { event: EventItem; onClose: () => void }) {
  return (
    <section class="card" aria-label="The chosen event">
      <div class="row"><h2>{event.topic}</h2><span class="spring" />
        <button type="button" onClick={onClose}>Close</button></div>
      <dl class="facts">
        <dt>Id</dt><dd><code>{event.id}</code></dd>
        <dt>Published</dt><dd>{clockText(event.published_at_ms)}</dd>
        {event.after !== undefined && <><dt>After</dt><dd><code>{event.after.join(" ")}</code></dd></>}
        {event.causal_unknown === true && <><dt>Order</dt><dd>what it follows was not seen here in time</dd></>}
      </dl>
      <pre class="payload" tabIndex={0} aria-label="Payload">{payloadText(event)}</pre>
    </section>
  );
}
