// Following one event: asks all members how they learned of it, and shows the answer.
import { useEffect, useMemo, useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import type { MemberName, Trace } from "../daemon/types";
import { infectionOf, latenciesOf, type InfectionNode } from "../drawing/infection";
import { InfectionTree } from "../drawing/infection_tree";
import { LongTable, type Column } from "../drawing/long_table";
import { counted, microsText } from "../shell/words";

export interface EventName {
  publisher: string;
  epoch: number;
  sequence: number;
  channel?: number;
}

/** "publisher/epoch/sequence" and "/channel" if it has one, for addresses. */
export function eventAddress(event: EventName): string {
  const parts = [event.publisher, event.epoch, event.sequence];
  return (event.channel === undefined ? parts : [...parts, event.channel]).join("/");
}

export function parseEventAddress(text: string): EventName | null {
  const match = /^([0-9a-f]{16})\/(\d{1,10})\/(\d{1,19})(?:\/(\d{1,10}))?$/.exec(text);
  if (match === null) return null;
  const [, publisher = "", epoch = "", sequence = "", channel] = match;
  const name: EventName = { publisher, epoch: Number(epoch), sequence: Number(sequence) };
  return channel === undefined ? name : { ...name, channel: Number(channel) };
}

function micros(value: number | null): string {
  return value === null ? "–" : microsText(value);
}

const kRepairWords = { none: "", asked: "asked for it", frontier: "heard that it exists" };

function columnsOf(nodes: InfectionNode[]): Column<InfectionNode>[] {
  return [
    { key: "name", title: "Member", width: "2fr", cell: (node) => node.name },
    { key: "from", title: "Told by", width: "2fr", cell: (node) => nodes[node.from]?.name ?? "(published)" },
    { key: "hops", title: "Hops", width: "4.5rem", isNumber: true, cell: (node) => node.hops },
    { key: "after", title: "After", width: "6rem", isNumber: true, cell: (node) => microsText(node.after_us) },
    { key: "hop", title: "Hop", width: "6rem", isNumber: true, cell: (node) => micros(node.hop_us) },
    { key: "copies", title: "Again", width: "4.5rem", isNumber: true, isExtra: true,
      cell: (node) => node.duplicates },
    { key: "repair", title: "Repair", width: "2fr", isExtra: true, cell: (node) => kRepairWords[node.repair] },
  ];
}

function Without({ title, members }: { title: string; members: MemberName[] }) {
  if (members.length === 0) return null;
  const names = members.slice(0, 20).map((member) => member.name || member.id).join(", ");
  return <><dt>{title}</dt><dd>{counted(members.length, "member")}: {names}{members.length > 20 ? " …" : ""}</dd></>;
}

function Summary({ trace, infection }: { trace: Trace; infection: ReturnType<typeof infectionOf> }) {
  const { median_us, p90_us, max_us } = latenciesOf(infection);
  return (
    <dl class="facts">
      <dt>Reached</dt>
      <dd>{counted(trace.nodes.length, "member")} within {microsText(infection.end_us)}, at most {counted(infection.depthMax, "hop")}</dd>
      <dt>A hop took</dt>
      <dd>{micros(median_us)} in the middle, {micros(p90_us)} for nine of ten, {micros(max_us)} at most</dd>
      <dt>Duplicates</dt><dd>{trace.duplicates}</dd>
      <dt>Repairs</dt><dd>{trace.repairs}</dd>
      <Without title="No note" members={trace.untraced} />
      <Without title="Have it not" members={trace.lacking} />
      <Without title="Silent" members={trace.silent} />
    </dl>
  );
}

export function TraceCard({ overlay, event, onClose }: {
  overlay: string; event: EventName; onClose: () => void;
}) {
  const [trace, setTrace] = useState<Trace | null>(null);
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(0);
  const address = eventAddress(event);
  useEffect(() => {
    const controller = new AbortController();
    setTrace(null);
    setProblem("");
    const path = pathOf("/v1/overlays/{}/events/{}/{}/{}/trace", overlay, event.publisher,
      String(event.epoch), String(event.sequence));
    request<Trace>("GET", path, { query: { channel: event.channel }, signal: controller.signal }).then(
      setTrace,
      (error: unknown) => {
        if (!controller.signal.aborted) setProblem(asMessage(error));
      },
    );
    return () => controller.abort();
  }, [overlay, address, asked]);
  const infection = useMemo(() => (trace === null ? null : infectionOf(trace)), [trace]);
  const columns = useMemo(() => columnsOf(infection?.nodes ?? []), [infection]);
  return (
    <section class="card" aria-labelledby="trace-title">
      <div class="row">
        <h2 id="trace-title">How event <code>{event.sequence}</code> spread</h2>
        <span class="spring" />
        <button type="button" onClick={() => setAsked(asked + 1)}>Ask again</button>
        <button type="button" onClick={onClose}>Close</button>
      </div>
      <p class="problem" role="alert">{problem}</p>
      {infection === null && problem === "" && <p role="status">Asking all members …</p>}
      {infection !== null && trace !== null && (
        <div class="trace">
          <InfectionTree infection={infection} />
          <Summary trace={trace} infection={infection} />
          <LongTable label="Who learned of it" columns={columns} rows={infection.nodes}
            idOf={(node) => node.id} empty="Nobody has a note of it." />
        </div>
      )}
    </section>
  );
}
