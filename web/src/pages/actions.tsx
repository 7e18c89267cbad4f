// What can be done to an overlay as a whole. Everything asks before it is done.
import { encode } from "uqr";
import { useState } from "preact/hooks";
import { pathOf, request } from "../daemon/client";
import type { OverlayStore } from "../daemon/overlay_store";
import { may } from "../daemon/session";
import { confirmed, Dialog } from "../shell/dialog";
import { attempt, tell } from "../shell/notices";
import { go, overlayAddress } from "../shell/router";

/** Light modules around the code, as ISO/IEC 18004 wants them. */
const kQuietZone = 4;

/** Dark modules as one path of unit squares. */
export function qrPath(modules: readonly (readonly boolean[])[]): string {
  let path = "";
  modules.forEach((row, y) => row.forEach((isDark, x) => {
    if (isDark) path += `M${x} ${y}h1v1h-1z`;
  }));
  return path;
}

function QrCode({ text }: { text: string }) {
  const code = encode(text, { ecc: "L", border: kQuietZone });
  return (
    <svg class="qr" viewBox={`0 0 ${code.size} ${code.size}`} role="img" aria-label="The invitation as a QR code"
      shape-rendering="crispEdges">
      <rect width={code.size} height={code.size} fill="#fff" />
      <path d={qrPath(code.data)} fill="#000" />
    </svg>
  );
}

async function copied(text: string): Promise<void> {
  // Without https or localhost a page has no clipboard.
  if (!("clipboard" in navigator)) {
    tell("problem", "This browser gives no clipboard to pages without https; select the text instead.");
    return;
  }
  await attempt("Copied.", () => navigator.clipboard.writeText(text));
}

function Invitation({ store, onClose }: { store: OverlayStore; onClose: () => void }) {
  const [seed, setSeed] = useState("");
  const [token, setToken] = useState("");
  const invite = async () => {
    const body = seed.trim() === "" ? {} : { seeds: seed.trim().split(/[\s,]+/) };
    await attempt("", async () => {
      const path = pathOf("/v1/overlays/{}/invite", store.name);
      setToken((await request<{ token: string }>("POST", path, { body })).token);
    });
  };
  return (
    <Dialog title={`Invite a host to ${store.name}`} onClose={onClose}>
      <p>
        Whoever has the invitation can enter: it holds the key of the overlay, and is valid for as long as
        that key is. Treat it like a password.
      </p>
      {token === "" ? (
        <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          void invite();
        }}>
          <label class="field">Addresses by which the new host reaches members, if they differ from our own
            <input placeholder="host:port" value={seed} onInput={(event) => setSeed(event.currentTarget.value)} />
          </label>
          <div class="row end">
            <button type="button" onClick={onClose}>Cancel</button>
            <button type="submit" class="primary">Make an invitation</button>
          </div>
        </form>
      ) : (
        <div class="stack">
          <QrCode text={token} />
          <p>On the new host: <code>grapevine join TOKEN</code>, or <code>grapevine agent --join TOKEN</code></p>
          <textarea readOnly rows={4} aria-label="Invitation" value={token}
            onFocus={(event) => event.currentTarget.select()} />
          <div class="row end">
            <button type="button" onClick={() => void copied(token)}>Copy</button>
            <button type="button" class="primary" onClick={onClose}>Done</button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

export function SetRecord({ store, onClose, first }: {
  store: OverlayStore; onClose: () => void; first?: { key: string; value: string };
}) {
  const [key, setKey] = useState(first?.key ?? "");
  const [value, setValue] = useState(first?.value ?? "");
  const save = async () => {
    const path = pathOf("/v1/overlays/{}/record/{}", store.name, key);
    const done = await attempt(`${key} is set.`, () => request("PUT", path, { body: { value } }));
    if (done) onClose();
  };
  return (
    <Dialog title="Set a key of our record" onClose={onClose}>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}>
        <p>All members see it, under the name of this one.</p>
        <label class="field">Key
          <input required maxLength={64} value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <label class="field">Value
          <textarea rows={3} maxLength={768} value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        </label>
        <div class="row end">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Set</button>
        </div>
      </form>
    </Dialog>
  );
}

async function leave(store: OverlayStore): Promise<void> {
  const isMeant = await confirmed({
    title: `Leave ${store.name}?`,
    text: `This daemon says goodbye to all members and is silent in ${store.name} until it starts again.`,
    button: "Leave",
    isDangerous: true,
  });
  if (!isMeant) return;
  await attempt(`This daemon has left ${store.name}.`, () =>
    request("POST", pathOf("/v1/overlays/{}/leave", store.name)));
}

export function OverlayActions({ store }: { store: OverlayStore }) {
  const [open, setOpen] = useState<"" | "invite" | "record">("");
  const close = () => setOpen("");
  return (
    <div class="row">
      {may("publish") && (
        <button type="button" onClick={() => go(overlayAddress(store.name, "events"))}>Publish …</button>
      )}
      {may("publish") && <button type="button" onClick={() => setOpen("record")}>Set record …</button>}
      {may("admin") && <button type="button" onClick={() => setOpen("invite")}>Invite …</button>}
      {may("admin") && (
        <button type="button" class="danger" onClick={() => void leave(store)}>Leave …</button>
      )}
      {open === "invite" && <Invitation store={store} onClose={close} />}
      {open === "record" && <SetRecord store={store} onClose={close} />}
    </div>
  );
}
