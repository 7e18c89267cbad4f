// The map that all members share: look through it by prefix, write and delete keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import type { OverlayStore } from "../daemon/overlay_store";
import { may } from "../daemon/session";
import type { StateEntry, StatePage } from "../daemon/types";
import { LongTable, type Column } from "../drawing/long_table";
import { confirmed, Dialog } from "../shell/dialog";
import { attempt } from "../shell/notices";
import { clockText, counted, valueText } from "../shell/words";
import type { PageProperties } from "./overlay";

const kPageEntries = 500;
/** Keys kept on the page; a longer prefix shows the others. */
export const kEntriesMax = 20_000;
/** After a change, so that many changes cost one reading. */
const kReloadMs = 1_000;

/** What a key holds, in one line. */
export function entryText(entry: StateEntry): string {
  switch (entry.type) {
    case "value": return valueText(entry);
    case "counter": return String(entry.count ?? 0);
    case "set": {
      const shown = (entry.elements ?? []).join(", ");
      const more = (entry.element_count ?? 0) - (entry.elements?.length ?? 0);
      return `{${shown}${more > 0 ? `, and ${more} more` : ""}}`;
    }
  }
}

function useEntries(store: OverlayStore, prefix: string) {
  const [entries, setEntries] = useState<StateEntry[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const wanted = useRef(kPageEntries);
  const turn = useRef(0);
  const load = async (after: string | null, kept: StateEntry[]) => {
    turn.current += 1;
    const mine = turn.current;
    try {
      let list = kept;
      let from = after;
      do {
        const query = { prefix, limit: kPageEntries, ...(from === null ? {} : { after: from }) };
        const page = await request<StatePage>("GET", pathOf("/v1/overlays/{}/state", store.name), { query });
        if (mine !== turn.current) return; // Somebody has begun anew; what we have read is older.
        list = [...list, ...page.entries];
        from = page.next;
      } while (from !== null && list.length < Math.min(wanted.current, kEntriesMax));
      setEntries(list.slice(0, kEntriesMax));
      setNext(list.length >= kEntriesMax ? null : from);
      setProblem("");
    } catch (error) {
      if (mine === turn.current) setProblem(asMessage(error));
    }
  };
  useEffect(() => {
    wanted.current = kPageEntries;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const reload = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void load(null, []);
      }, kReloadMs);
    };
    const end = store.stream.subscribe({ events: false, state: [prefix], from: "now" },
      { onItems: reload, onProblem: setProblem, onSubscribed: () => void load(null, []) });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [store, prefix]);
  const more = () => {
    wanted.current += kPageEntries;
    void load(next, entries);
  };
  return { entries, next, problem, more, again: () => void load(null, []) };
}

type Kind = "value" | "counter" | "set";

function changeOf(kind: Kind, text: string, seconds: string): object {
  switch (kind) {
    case "value": return { value: text, ...(seconds === "" ? {} : { ttl_ms: Number(seconds) * 1_000 }) };
    case "counter": {
      const by = Number(text);
      return by < 0 ? { subtract: -by } : { add: by };
    }
    case "set": return { elements_add: text.split(/[\s,]+/).filter((each) => each !== "") };
  }
}

const kTextLabels: Record<Kind, string> = {
  value: "Value", counter: "Count by; less than zero takes away", set: "Elements to add, parted by spaces",
};

function PutKey({ store, entry, onClose, onDone }: {
  store: OverlayStore; entry: StateEntry | null; onClose: () => void; onDone: () => void;
}) {
  const [key, setKey] = useState(entry?.key ?? "");
  const [kind, setKind] = useState<Kind>(entry?.type ?? "value");
  const [text, setText] = useState(entry?.type === "value" ? (entry.value ?? "") : "");
  const [seconds, setSeconds] = useState("");
  const put = async () => {
    const path = pathOf("/v1/overlays/{}/state/{}", store.name, key);
    if (!(await attempt(`${key} is written.`, () => request("PUT", path, { body: changeOf(kind, text, seconds) })))) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={entry === null ? "Put a key" : `Change ${entry.key}`} onClose={onClose}>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void put();
      }}>
        <label class="field">Key
          <input required maxLength={256} readOnly={entry !== null} value={key}
            onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <label class="field">Type
          <select value={kind} disabled={entry !== null} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
            <option value="value">value: the later write wins</option>
            <option value="counter">counter: all writes count</option>
            <option value="set">set: all additions are in</option>
          </select>
        </label>
        <label class="field">{kTextLabels[kind]}
          {kind === "counter"
            ? <input type="number" required value={text} onInput={(event) => setText(event.currentTarget.value)} />
            : <textarea rows={4} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
        </label>
        {kind === "value" && (
          <label class="field">Ends after so many seconds; empty: never
            <input type="number" min={1} value={seconds} onInput={(event) => setSeconds(event.currentTarget.value)} />
          </label>
        )}
        <div class="row end">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Put</button>
        </div>
      </form>
    </Dialog>
  );
}

async function remove(store: OverlayStore, key: string, onDone: () => void): Promise<void> {
  const question = { title: `Delete ${key}?`, text: "It is deleted on all members.", button: "Delete", isDangerous: true };
  if (!(await confirmed(question))) return;
  if (await attempt(`${key} is deleted.`, () =>
    request("DELETE", pathOf("/v1/overlays/{}/state/{}", store.name, key)))) onDone();
}

function columnsOf(store: OverlayStore, onEdit: (entry: StateEntry) => void, onDone: () => void): Column<StateEntry>[] {
  return [
    { key: "key", title: "Key", width: "2fr", cell: (entry) => <span class="mono">{entry.key}</span> },
    { key: "type", title: "Type", width: "5.5rem", cell: (entry) => entry.type },
    { key: "value", title: "Holds", width: "3fr", cell: (entry) => entryText(entry) },
    { key: "writer", title: "Written by", width: "1.2fr", isExtra: true,
      cell: (entry) => store.table.members.get(entry.writer ?? "")?.name ?? entry.writer ?? "" },
    { key: "ends", title: "Ends", width: "8.6rem", isExtra: true,
      cell: (entry) => (entry.expires_at_ms === undefined ? "" : clockText(entry.expires_at_ms)) },
    ...(may("publish") ? [{
      key: "do", title: "Actions", width: "13rem",
      cell: (entry: StateEntry) => (
        <>
          <button type="button" class="plain" aria-label={`Change ${entry.key}`} onClick={() => onEdit(entry)}>Change …</button>
          <button type="button" class="plain" aria-label={`Delete ${entry.key}`}
            onClick={() => void remove(store, entry.key, onDone)}>Delete …</button>
        </>
      ),
    }] : []),
  ];
}

export default function State({ store }: PageProperties) {
  const [prefix, setPrefix] = useState("");
  const [edited, setEdited] = useState<StateEntry | "new" | null>(null);
  const { entries, next, problem, more, again } = useEntries(store, prefix);
  void store.membersVersion.value;
  return (
    <div class="full-height">
      <div class="row title">
        <h1>Shared map</h1>
        <label class="quiet">Keys that begin with{" "}
          <input type="search" value={prefix} maxLength={256} onInput={(event) => setPrefix(event.currentTarget.value)} />
        </label>
        <span class="quiet" role="status">{counted(entries.length, "key")}{next !== null ? ", and more" : ""}</span>
        {next !== null && <button type="button" onClick={more}>Show more</button>}
        <span class="spring" />
        {may("publish") && <button type="button" class="primary" onClick={() => setEdited("new")}>Put a key …</button>}
      </div>
      <p class="problem" role="alert">{problem}</p>
      <LongTable label="Keys" columns={columnsOf(store, setEdited, again)} rows={entries} idOf={(entry) => entry.key}
        onOpen={setEdited} empty="No key begins so." />
      {edited !== null && (
        <PutKey store={store} entry={edited === "new" ? null : edited} onClose={() => setEdited(null)} onDone={again} />
      )}
    </div>
  );
}
