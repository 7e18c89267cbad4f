// Named questions that all members keep answering.
import { useEffect, useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import type { OverlayStore } from "../daemon/overlay_store";
import { may } from "../daemon/session";
import type { Aggregate } from "../daemon/types";
import { confirmed } from "../shell/dialog";
import { attempt } from "../shell/notices";
import type { PageProperties } from "./overlay";
import { ResultTable } from "./result_table";

const kPollMs = 2_000;
const kFunctions = ["count", "sum", "mean", "min", "max", "p50", "p90", "p99", "top"];

function definitionText({ definition }: Aggregate): string {
  if (definition.sql !== undefined) return definition.sql;
  const key = definition.key === undefined ? "members" : definition.key;
  const by = definition.group_by === undefined ? "" : `, by ${definition.group_by}`;
  return `${definition.function ?? ""} of ${key}${by}`;
}

function useAggregates(store: OverlayStore) {
  const [aggregates, setAggregates] = useState<Aggregate[] | null>(null);
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      if (document.hidden) return;
      try {
        const path = pathOf("/v1/overlays/{}/aggregates", store.name);
        const list = await request<{ aggregates: Aggregate[] }>("GET", path);
        if (isOver) return;
        setAggregates(list.aggregates);
        setProblem("");
      } catch (error) {
        if (!isOver) setProblem(asMessage(error));
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), kPollMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [store, asked]);
  return { aggregates, problem, again: () => setAsked(asked + 1) };
}

function DefineForm({ store, onDone }: { store: OverlayStore; onDone: () => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState("count");
  const [key, setKey] = useState("");
  const [groupBy, setGroupBy] = useState("");
  const [sql, setSql] = useState("");
  const body = () => kind === "sql" ? { sql } : {
    function: kind, ...(key === "" ? {} : { key }), ...(groupBy === "" ? {} : { group_by: groupBy }),
  };
  const define = async () => {
    const path = pathOf("/v1/overlays/{}/aggregates/{}", store.name, name);
    if (await attempt(`${name} is defined, for all members.`, () => request("PUT", path, { body: body() }))) onDone();
  };
  return (
    <form class="card stack" aria-label="Define an aggregate" onSubmit={(event) => {
      event.preventDefault();
      void define();
    }}>
      <h2>Define one</h2>
      <div class="row bottom">
        <label class="field">Name
          <input required maxLength={64} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">Function
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {kFunctions.map((each) => <option key={each} value={each}>{each}</option>)}
            <option value="sql">SQL</option>
          </select>
        </label>
        {kind !== "sql" && (
          <label class="field">Key of the records
            <input maxLength={64} required={kind !== "count"} value={key}
              onInput={(event) => setKey(event.currentTarget.value)} />
          </label>
        )}
        {kind !== "sql" && (
          <label class="field">By label
            <input maxLength={32} value={groupBy} onInput={(event) => setGroupBy(event.currentTarget.value)} />
          </label>
        )}
        <button type="submit" class="primary">Define</button>
      </div>
      {kind === "sql" && (
        <label class="field">One SELECT
          <textarea rows={3} required maxLength={4096} spellcheck={false} value={sql}
            onInput={(event) => setSql(event.currentTarget.value)} />
        </label>
      )}
    </form>
  );
}

async function remove(store: OverlayStore, name: string, onDone: () => void): Promise<void> {
  const question = { title: `Remove ${name}?`, text: "No member computes it any more.", button: "Remove",
    isDangerous: true };
  if (!(await confirmed(question))) return;
  const path = pathOf("/v1/overlays/{}/aggregates/{}", store.name, name);
  if (await attempt(`${name} is removed.`, () => request("DELETE", path))) onDone();
}

export default function Aggregates({ store }: PageProperties) {
  const { aggregates, problem, again } = useAggregates(store);
  return (
    <>
      <h1>Aggregates</h1>
      {may("admin") && <DefineForm store={store} onDone={again} />}
      <p class="problem" role="alert">{problem}</p>
      {aggregates?.length === 0 && <p>None is defined yet.</p>}
      <div class="two-columns">
        {aggregates?.map((each) => (
          <section key={each.name} class="card" aria-label={`Aggregate ${each.name}`}>
            <div class="row">
              <h2>{each.name}</h2><span class="quiet wrap">{definitionText(each)}</span><span class="spring" />
              {may("admin") && (
                <button type="button" class="danger" aria-label={`Remove ${each.name}`}
                  onClick={() => void remove(store, each.name, again)}>Remove …</button>
              )}
            </div>
            {each.state === "failed" && <p class="problem">{each.error}</p>}
            {each.state === "waiting" ? <p class="quiet">Not computed yet.</p>
              : <ResultTable table={each} label={`Rows of ${each.name}`} />}
            {each.lacking !== undefined && each.lacking > 0 && (
              <p class="quiet">{each.lacking} members have no such key.</p>
            )}
          </section>
        ))}
      </div>
    </>
  );
}
