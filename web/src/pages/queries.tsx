// A question to all members, and their answers.
import { useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import { may } from "../daemon/session";
import type { QueryResult } from "../daemon/types";
import { counted, microsText, payloadText } from "../shell/words";
import type { PageProperties } from "./overlay";

/** What every daemon answers by itself. */
const kKnownQueries = ["version", "keys", "clock", "config", "reachability"];

function Answers({ result }: { result: QueryResult }) {
  return (
    <section class="card" aria-label="Answers" aria-live="polite">
      <p>
        {counted(result.answers.length, "answer")} in {microsText(result.took_us)}
        {result.complete ? "; nobody is missing." : `; ${counted(result.missing.length, "member")} missing.`}
      </p>
      <div class="table-frame" tabIndex={0} role="region" aria-label="Rows of answers">
        <table class="result">
          <thead><tr><th scope="col">Member</th><th scope="col">After</th><th scope="col">Answer</th></tr></thead>
          <tbody>
            {result.answers.map((answer) => (
              <tr key={answer.member.id}>
                <th scope="row">{answer.member.name || answer.member.id}</th>
                <td class="number">{microsText(answer.after_us)}</td>
                <td class="mono wrap">{payloadText(answer)}</td>
              </tr>
            ))}
            {[...result.missing, ...result.not_expected].map((without) => (
              <tr key={without.id}>
                <th scope="row">{without.name || without.id}</th><td class="number">–</td>
                <td class="quiet">{without.reason.replace(/_/g, " ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export default function Queries({ store }: PageProperties) {
  const [name, setName] = useState("version");
  const [payload, setPayload] = useState("");
  const [filter, setFilter] = useState("");
  const [result, setResult] = useState<QueryResult | null>(null);
  const [problem, setProblem] = useState("");
  const [isAsking, setAsking] = useState(false);
  const ask = async () => {
    setAsking(true);
    const filters = filter.split(/[\s,]+/).filter((each) => each !== "");
    const body = { name, ...(payload === "" ? {} : { payload }), ...(filters.length === 0 ? {} : { filter: filters }) };
    try {
      setResult(await request<QueryResult>("POST", pathOf("/v1/overlays/{}/queries", store.name), { body }));
      setProblem("");
    } catch (error) {
      setProblem(asMessage(error));
    }
    setAsking(false);
  };
  return (
    <>
      <h1>Queries</h1>
      <form class="card stack" onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}>
        <p class="quiet">
          Every daemon answers {kKnownQueries.join(", ")}; applications answer what they serve.
        </p>
        <div class="row bottom">
          <label class="field">Name
            <input required maxLength={64} list="known-queries" value={name}
              onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          <datalist id="known-queries">{kKnownQueries.map((each) => <option key={each} value={each} />)}</datalist>
          <label class="field">Payload
            <input maxLength={896} value={payload} onInput={(event) => setPayload(event.currentTarget.value)} />
          </label>
          <label class="field">Only members with
            <input placeholder="rack=r1 dc!=ams" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
          </label>
          <button type="submit" class="primary" disabled={isAsking || !may("publish")}>{isAsking ? "Asking …" : "Ask"}</button>
        </div>
        <p class="problem" role="alert">{problem}</p>
      </form>
      {result !== null && <Answers result={result} />}
    </>
  );
}
