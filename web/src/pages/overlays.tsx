// The overlays that the token reaches, and how to make or enter another.
import { useEffect, useState } from "preact/hooks";
import { asMessage, request } from "../daemon/client";
import { may } from "../daemon/session";
import type { Info, Overlay } from "../daemon/types";
import { Dialog } from "../shell/dialog";
import { attempt } from "../shell/notices";
import { go, overlayAddress } from "../shell/router";
import { ageText, bytesText, counted, kStatusMarks } from "../shell/words";
import "./pages.css";

const kPollMs = 2_000;

function OverlayCard({ overlay }: { overlay: Overlay }) {
  return (
    <li class="card">
      <h2><a href={overlayAddress(overlay.name)}>{overlay.name}</a></h2>
      <p class="quiet">
        {overlay.state === "running" ? "" : `${overlay.state}, `}
        here as {overlay.member_name}{overlay.bind === "" ? "" : `, ${overlay.bind}`}
      </p>
      <p class="row">
        <span class="status alive">{kStatusMarks.alive} {overlay.members_alive} alive</span>
        <span class="status suspect">{kStatusMarks.suspect} {overlay.members_suspect} suspect</span>
        <span class="status dead">{kStatusMarks.dead} {overlay.members_dead} dead</span>
        <span class="status left">{kStatusMarks.left} {overlay.members_left} left</span>
      </p>
    </li>
  );
}

function CreateOverlay({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [bind, setBind] = useState("0.0.0.0:0");
  const [profile, setProfile] = useState("lan");
  const create = async () => {
    const done = await attempt(`Overlay ${name} is made.`, () =>
      request("POST", "/v1/overlays", { body: { name, bind, profile } }));
    if (!done) return;
    onClose();
    go(overlayAddress(name));
  };
  return (
    <Dialog title="Create an overlay" onClose={onClose}>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}>
        <p>A new group with a key of its own. Invite other hosts from its page.</p>
        <label class="field">Name
          <input required maxLength={64} pattern="[a-z0-9._\-]+" value={name}
            onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">Address for UDP; port 0 picks one
          <input required value={bind} onInput={(event) => setBind(event.currentTarget.value)} />
        </label>
        <label class="field">How eagerly failures are detected
          <select value={profile} onChange={(event) => setProfile(event.currentTarget.value)}>
            <option value="lan">lan: one network</option>
            <option value="fast">fast: well below a second, twice the bytes</option>
            <option value="wan">wan: long and uneven round trips</option>
          </select>
        </label>
        <div class="row end">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Create</button>
        </div>
      </form>
    </Dialog>
  );
}

function AcceptInvitation({ onClose }: { onClose: () => void }) {
  const [token, setToken] = useState("");
  const accept = async () => {
    const done = await attempt("The invitation is accepted.", () =>
      request("POST", "/v1/join", { body: { token: token.trim() } }));
    if (done) onClose();
  };
  return (
    <Dialog title="Accept an invitation" onClose={onClose}>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void accept();
      }}>
        <label class="field">Invitation, from the page of the overlay or <code>grapevine invite</code>
          <textarea required rows={4} value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        </label>
        <div class="row end">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Accept</button>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks now and then while the page is seen. */
function useOverlays() {
  const [overlays, setOverlays] = useState<Overlay[] | null>(null);
  const [info, setInfo] = useState<Info | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      if (document.hidden) return;
      try {
        const list = await request<{ overlays: Overlay[] }>("GET", "/v1/overlays");
        const about = await request<Info>("GET", "/v1/info");
        if (isOver) return;
        setOverlays(list.overlays);
        setInfo(about);
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
  }, []);
  return { overlays, info, problem };
}

export function Overlays() {
  const { overlays, info, problem } = useOverlays();
  const [open, setOpen] = useState<"" | "create" | "accept">("");
  const close = () => setOpen("");
  return (
    <main id="content" tabIndex={-1}>
      <div class="row">
        <h1>Overlays</h1>
        <span class="spring" />
        {may("admin") && <button type="button" onClick={() => setOpen("create")}>Create an overlay …</button>}
        {may("admin") && <button type="button" onClick={() => setOpen("accept")}>Accept an invitation …</button>}
      </div>
      <p class="problem" role="alert">{problem}</p>
      {overlays === null && problem === "" && <p role="status">Loading …</p>}
      {overlays?.length === 0 && <p>This daemon has no overlay yet.</p>}
      <ul class="cards">{overlays?.map((each) => <OverlayCard key={each.name} overlay={each} />)}</ul>
      {info !== null && (
        <p class="quiet">
          {info.node_name}: grapevine {info.version}, up for {ageText(info.uptime_ms)},
          {" "}{bytesText(info.resident_bytes)} of memory, {counted(info.overlays, "overlay")}
        </p>
      )}
      {open === "create" && <CreateOverlay onClose={close} />}
      {open === "accept" && <AcceptInvitation onClose={close} />}
    </main>
  );
}
