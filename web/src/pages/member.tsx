// One member: what it tells of itself, how far it is, who observes it, what has happened to it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { asMessage, pathOf, Problem, request } from "../daemon/client";
import type { KnownMember } from "../daemon/members";
import type { OverlayStore } from "../daemon/overlay_store";
import { pushBounded } from "../daemon/stream";
import { may } from "../daemon/session";
import type { KeyValue, MemberRecord, RecordItem, RoundTrip, Topology } from "../daemon/types";
import { confirmed } from "../shell/dialog";
import { attempt } from "../shell/notices";
import { go, overlayAddress } from "../shell/router";
import { ageText, clockText, microsText, valueText } from "../shell/words";
import { SetRecord } from "./actions";
import type { PageProperties } from "./overlay";
import { StatusBadge } from "./status";

/** Changes of a record while it is being read; a daemon answers in milliseconds. */
const kHeldChangesMax = 1_000;

/** Who observes a member, and whom it observes. */
export function observersOf(topology: Topology, id: string): { by: string[]; of: string[] } {
  const own = topology.members.findIndex((member) => member.id === id);
  const idAt = (index: number) => topology.members[index]?.id ?? "";
  return {
    by: topology.links.filter(([, to]) => to === own).map(([from]) => idAt(from)),
    of: topology.links.filter(([from]) => from === own).map(([, to]) => idAt(to)),
  };
}

/** A record with one change of the stream in it. */
export function withChange(items: readonly KeyValue[], item: RecordItem): KeyValue[] {
  const changed = new Map(items.map((each) => [each.key, each]));
  for (const { key, value, value_base64 } of item.changes) {
    if (value_base64 !== undefined) changed.set(key, { key, value_base64, version: item.version });
    else if (value === null || value === undefined) changed.delete(key);
    else changed.set(key, { key, value, version: item.version });
  }
  return [...changed.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** A record with those changes that are newer than it. */
export function withHeld(record: MemberRecord, held: readonly RecordItem[]): KeyValue[] {
  return held.filter((change) => change.version > record.version).reduce(withChange, record.items);
}

function useRecord(store: OverlayStore, id: string) {
  const [items, setItems] = useState<KeyValue[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    // What changes while the record is on its way may be newer than it, and is applied behind it.
    let held: RecordItem[] | null = [];
    const listener = (change: RecordItem) => {
      if (change.member !== id) return;
      if (held === null) setItems((before) => withChange(before, change));
      else pushBounded(held, change, kHeldChangesMax);
    };
    store.recordListeners.add(listener);
    const path = pathOf("/v1/overlays/{}/members/{}/record", store.name, id);
    request<MemberRecord>("GET", path, { signal: controller.signal }).then(
      (record) => {
        setItems(withHeld(record, held ?? []));
        held = null;
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setProblem(asMessage(error));
      },
    );
    return () => {
      store.recordListeners.delete(listener);
      controller.abort();
    };
  }, [store, id]);
  return { items, problem };
}

async function removeKey(store: OverlayStore, key: string): Promise<void> {
  const question = { title: `Erase ${key}?`, text: "The key is erased from our record, on all members.",
    button: "Erase", isDangerous: true };
  if (!(await confirmed(question))) return;
  await attempt(`${key} is erased.`, () =>
    request("DELETE", pathOf("/v1/overlays/{}/record/{}", store.name, key)));
}

function RecordCard({ store, member }: { store: OverlayStore; member: KnownMember }) {
  const { items, problem } = useRecord(store, member.id);
  const [edited, setEdited] = useState<{ key: string; value: string } | null>(null);
  const isOurs = member.is_self && may("publish");
  return (
    <section class="card" aria-labelledby="record-title">
      <div class="row"><h2 id="record-title">Record</h2><span class="spring" />
        {isOurs && <button type="button" onClick={() => setEdited({ key: "", value: "" })}>Set a key …</button>}
      </div>
      <p class="problem" role="alert">{problem}</p>
      {items.length === 0 && problem === "" && <p class="quiet">It has set nothing.</p>}
      <table class="plain">
        <tbody>
          {items.map((item) => (
            <tr key={item.key}>
              <th scope="row">{item.key}</th>
              <td class="mono wrap">{valueText(item)}</td>
              {isOurs && !item.key.startsWith("gv.") && (
                <td class="number">
                  <button type="button" onClick={() => setEdited({ key: item.key, value: item.value ?? "" })}
                    aria-label={`Change ${item.key}`}>Change …</button>{" "}
                  <button type="button" class="danger" onClick={() => void removeKey(store, item.key)}
                    aria-label={`Erase ${item.key}`}>Erase …</button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {edited !== null && <SetRecord store={store} first={edited} onClose={() => setEdited(null)} />}
    </section>
  );
}

function Links({ store, title, ids }: { store: OverlayStore; title: string; ids: string[] }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>
        {ids.length === 0 ? "nobody" : ids.map((id) => (
          <a key={id} class="inline" href={overlayAddress(store.name, "members", id)}>
            {store.table.members.get(id)?.name ?? id}
          </a>
        ))}
      </dd>
    </>
  );
}

function useRoundTrip(store: OverlayStore, member: KnownMember | undefined) {
  const [text, setText] = useState("");
  useEffect(() => {
    setText("");
    if (member === undefined || member.is_self) return;
    const self = [...store.table.members.values()].find((each) => each.is_self);
    if (self === undefined) return;
    const path = pathOf("/v1/overlays/{}/rtt", store.name);
    request<RoundTrip>("GET", path, { query: { from: self.id, to: member.id } }).then(
      (trip) => setText(roundTripText(trip)),
      (error: unknown) => setText(error instanceof Problem && error.status === 404 ? "not known" : asMessage(error)),
    );
  }, [store, member?.id]);
  return text;
}

export function roundTripText(trip: RoundTrip): string {
  const parts: string[] = [];
  if (trip.measured_us !== undefined) {
    const age = trip.measured_age_ms === undefined ? "" : ` ${ageText(trip.measured_age_ms)} ago`;
    parts.push(`${microsText(trip.measured_us)} measured${age}`);
  }
  if (trip.estimated_us !== undefined) {
    const error = trip.error_percent === undefined ? "" : ` (give or take ${trip.error_percent} %)`;
    parts.push(`${microsText(trip.estimated_us)} by coordinates${error}`);
  }
  return parts.length === 0 ? "not known" : parts.join("; ");
}

function Facts({ store, member }: { store: OverlayStore; member: KnownMember }) {
  const trip = useRoundTrip(store, member);
  void store.samplesVersion.value; // Once a second, for the ages.
  const topology = store.topology.value;
  const observers = topology === null ? null : observersOf(topology, member.id);
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">Facts</h2>
      <dl class="facts">
        <dt>Id</dt><dd><code>{member.id}</code></dd>
        <dt>Status</dt>
        <dd aria-live="polite"><StatusBadge status={member.status} /> for {ageText(Date.now() - member.since_ms)}</dd>
        <dt>Life</dt><dd>{member.incarnation}</dd>
        <dt>Addresses</dt><dd class="mono">{member.addresses.join(", ")}</dd>
        <dt>Labels</dt>
        <dd>{Object.entries(member.labels).map(([key, value]) => (
          <span key={key} class="label">{key}={value}</span>))}</dd>
        {!member.is_self && <><dt>Path</dt><dd>{member.path ?? "unknown"}</dd></>}
        {!member.is_self && <><dt>Round trip</dt><dd>{trip}</dd></>}
        {observers !== null && <Links store={store} title="Observed by" ids={observers.by} />}
        {observers !== null && <Links store={store} title="Observes" ids={observers.of} />}
      </dl>
    </section>
  );
}

function History({ store, id }: { store: OverlayStore; id: string }) {
  const version = store.changesVersion.value;
  const changes = useMemo(() => store.table.changes.toArray().filter((change) => change.id === id).reverse(),
    [version, id]);
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {changes.length === 0 && <p class="quiet">Nothing has happened to it as far as this daemon remembers.</p>}
      <ol class="changes">
        {changes.map((change) => (
          <li key={`${change.at_ms}-${change.kind}`}>
            <span class="mono quiet">{clockText(change.at_ms)}</span> {change.kind}
          </li>
        ))}
      </ol>
    </section>
  );
}

async function forget(store: OverlayStore, member: KnownMember): Promise<void> {
  const question = {
    title: `Forget ${member.name}?`,
    text: `${member.name} (${member.id}) is removed from this daemon's list. If it lives after all, it comes back by itself.`,
    button: "Forget", isDangerous: true,
  };
  if (!(await confirmed(question))) return;
  const done = await attempt(`${member.name} is forgotten.`, () =>
    request("DELETE", pathOf("/v1/overlays/{}/members/{}", store.name, member.id)));
  if (done) go(overlayAddress(store.name, "members"));
}

export default function MemberPage({ store, route }: PageProperties) {
  void store.membersVersion.value;
  const member = store.table.members.get(route.member) ??
    [...store.table.members.values()].find((each) => each.name === route.member);
  if (member === undefined) {
    return (
      <>
        <h1>{route.member}</h1>
        <p role="status">{store.isLoaded.value ? "There is no such member." : "Loading …"}{" "}
          <a href={overlayAddress(store.name, "members")}>All members</a></p>
      </>
    );
  }
  const canForget = may("admin") && (member.status === "dead" || member.status === "left");
  return (
    <>
      <div class="row title">
        <h1>{member.name}{member.is_self ? " (here)" : ""}</h1>
        <StatusBadge status={member.status} />
        <span class="spring" />
        {canForget && (
          <button type="button" class="danger" onClick={() => void forget(store, member)}>Forget …</button>
        )}
      </div>
      <div class="two-columns">
        <Facts store={store} member={member} />
        <RecordCard key={member.id} store={store} member={member} />
        <History store={store} id={member.id} />
      </div>
    </>
  );
}
