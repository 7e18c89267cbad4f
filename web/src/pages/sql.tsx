// One SELECT over what this daemon knows.
import { useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import type { Table } from "../daemon/types";
import type { PageProperties } from "./overlay";
import { ResultTable } from "./result_table";

const kExamples: { title: string; sql: string }[] = [
  { title: "Members by status", sql: "select status, count(*) n from members group by status" },
  { title: "The ten farthest", sql: "select name, rtt_us, path from members order by rtt_us desc limit 10" },
  { title: "Events by topic", sql: "select topic, count(*) n, sum(bytes) bytes from events group by topic order by n desc" },
  { title: "What members have set", sql: "select m.name, r.key, r.value from records r join members m on m.id = r.member" },
  { title: "Counters that are not zero", sql: "select name, value from metrics where value > 0 order by name" },
];

export default function Sql({ store }: PageProperties) {
  const [sql, setSql] = useState(kExamples[0]?.sql ?? "");
  const [table, setTable] = useState<Table | null>(null);
  const [problem, setProblem] = useState("");
  const [isRunning, setRunning] = useState(false);
  const run = async (text: string) => {
    setSql(text);
    setRunning(true);
    try {
      setTable(await request<Table>("POST", pathOf("/v1/overlays/{}/sql", store.name), { body: { sql: text } }));
      setProblem("");
    } catch (error) {
      setProblem(asMessage(error));
    }
    setRunning(false);
  };
  return (
    <>
      <h1>SQL</h1>
      <form class="card stack" onSubmit={(event) => {
        event.preventDefault();
        void run(sql);
      }}>
        <label class="field">One SELECT over members, labels, records, events, metrics and state
          <textarea rows={4} maxLength={4096} required spellcheck={false} value={sql}
            onInput={(event) => setSql(event.currentTarget.value)} />
        </label>
        <div class="row">
          <button type="submit" class="primary" disabled={isRunning}>Ask</button>
          {kExamples.map((example) => (
            <button key={example.title} type="button" onClick={() => void run(example.sql)}>{example.title}</button>
          ))}
        </div>
        <p class="problem" role="alert">{problem}</p>
      </form>
      {table !== null && (
        <section class="card" aria-label="Answer" aria-live="polite"><ResultTable table={table} label="Rows of the answer" /></section>
      )}
    </>
  );
}
