// Is this member well, do the views agree, and does everybody keep up?
import { useState } from "preact/hooks";
import { asMessage, pathOf, request } from "../daemon/client";
import { session } from "../daemon/session";
import type { OverlayStore } from "../daemon/overlay_store";
import type { Overlay, QueryResult } from "../daemon/types";
import { ageText, bytesText, counted, payloadText } from "../shell/words";

/** Comparisons that showed a difference, over this many of the newest samples. */
const kAgreementSamples = 5;

/** How slow this member is, in words (Lifeguard's local health: 0 is well). */
export function healthText(localHealth: number): string {
  if (localHealth === 0) return "healthy";
  if (localHealth <= 2) return "a little slow: it waits longer before it accuses";
  return "slow: it distrusts its own clock and accuses nobody";
}

/** What the counters say of the agreement of views in the last seconds. */
export function differencesOf(syncRates: (number | null)[]): number | null {
  const known = syncRates.slice(-kAgreementSamples).filter((rate): rate is number => rate !== null);
  if (known.length < kAgreementSamples) return null;
  return Math.round(known.reduce((sum, rate) => sum + rate, 0));
}

/** What a question to all members has brought: who answered, and whether settings are the same. */
export function agreementText(result: QueryResult): string {
  const settings = new Set(result.answers.map((answer) => payloadText(answer)));
  const total = result.answers.length + result.missing.length;
  const silent = result.missing.map((each) => each.name).join(", ");
  const answered = result.missing.length === 0
    ? `All ${counted(total, "member")} answered`
    : `${result.answers.length} of ${counted(total, "member")} answered; not: ${silent}`;
  const same = settings.size <= 1 ? "their settings are equal" : `they have ${settings.size} different settings`;
  return `${answered}, ${same}.`;
}

function Agreement({ store, overlay }: { store: OverlayStore; overlay: Overlay }) {
  const [answer, setAnswer] = useState("");
  const [isAsking, setAsking] = useState(false);
  void store.samplesVersion.value;
  const view = store.view.value;
  const differences = differencesOf(store.rates.columns(["syncs"])[1] ?? []);
  const ask = async () => {
    setAsking(true);
    try {
      const result = await request<QueryResult>("POST", pathOf("/v1/overlays/{}/queries", store.name),
        { body: { name: "config" } });
      setAnswer(agreementText(result));
    } catch (error) {
      setAnswer(asMessage(error));
    }
    setAsking(false);
  };
  return (
    <>
      <dt>Agreement</dt>
      <dd>
        {differences === null && <span class="quiet">comparing …</span>}
        {differences === 0 && <span class="status alive">✓ no view differed in the last {kAgreementSamples} s</span>}
        {differences !== null && differences > 0 && (
          <span class="status suspect">
            ▲ views differed in {counted(differences, "comparison")} of the last {kAgreementSamples} s
          </span>
        )}
        <div class="quiet">
          Fingerprint of the view <code>{overlay.view_fingerprint}</code>
          {view !== null && `; ${counted(view.size, "member")}, settled for ${ageText(Date.now() - view.seen_at_ms)}`}
        </div>
        <button type="button" disabled={isAsking || session.value === null} onClick={() => void ask()}>
          {isAsking ? "Asking …" : "Ask all members"}
        </button>
        <div role="status">{answer}</div>
      </dd>
    </>
  );
}

function Pressure({ overlay }: { overlay: Overlay }) {
  const { pressure } = overlay;
  return (
    <>
      <dt>Publishing</dt>
      <dd>
        {pressure === undefined ? "everybody keeps up" : (
          <span class="status suspect">
            ▲ slowed to {pressure.limit} events/s for {ageText(pressure.since_ms)}: {pressure.member_name} is
            {" "}{counted(pressure.backlog, "event")} behind
          </span>
        )}
      </dd>
    </>
  );
}

export function HealthCard({ store }: { store: OverlayStore }) {
  const overlay = store.overlay.value;
  if (overlay === null) return <section class="card"><p role="status">Loading …</p></section>;
  const { counters } = overlay;
  const number = (name: string) => counters[name] ?? 0;
  const count = (name: string) => number(name).toLocaleString("en");
  return (
    <section class="card" aria-labelledby="health-title">
      <h2 id="health-title">This member</h2>
      <dl class="facts">
        <dt>Name</dt><dd>{overlay.member_name}, {overlay.bind}, life {overlay.incarnation}</dd>
        <dt>Detector</dt>
        <dd>
          {overlay.detector} ({overlay.profile}), {healthText(overlay.local_health)}
          <div class="quiet">
            {counted(number("suspicions_total"), "suspicion")}, {counted(number("deaths_total"), "death")} found here,{" "}
            {counted(number("last_chances_saved_total"), "member")} saved at the last moment,{" "}
            {counted(number("refutations_total"), "accusation")} of this one refuted
          </div>
        </dd>
        <Agreement store={store} overlay={overlay} />
        <Pressure overlay={overlay} />
        <dt>Events</dt>
        <dd>
          spread by {overlay.dissemination}; {bytesText(number("retained_event_bytes"))} kept for who was away
          <div class="quiet">{count("event_gaps_total")} gaps, {count("event_requests_total")} asked for again</div>
        </dd>
        <dt>Sealed with</dt><dd>{overlay.cipher}, keys {overlay.key_ids.join(", ")}</dd>
        <dt>Paths</dt><dd>{count("paths_troubled")} troubled, {counted(number("sessions"), "session")}</dd>
      </dl>
    </section>
  );
}
