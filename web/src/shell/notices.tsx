// Short messages to the reader: what was done, and what went wrong. Read out by screen readers.
import { signal } from "@preact/signals";
import { asMessage } from "../daemon/client";

export interface Notice {
  id: number;
  kind: "done" | "problem";
  text: string;
}

/** More would cover the page; the oldest makes room. */
export const kNoticesMax = 4;
/** Long enough to read two lines. Problems stay until they are closed. */
const kShownMs = 6_000;

export const notices = signal<Notice[]>([]);
let lastId = 0;

export function closeNotice(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function tell(kind: Notice["kind"], text: string): void {
  lastId += 1;
  const id = lastId;
  notices.value = [...notices.value, { id, kind, text }].slice(-kNoticesMax);
  if (kind === "done") setTimeout(() => closeNotice(id), kShownMs);
}

/** Does something that may fail, and tells either way. Gives whether it was done. */
export async function attempt(done: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
  } catch (error) {
    tell("problem", asMessage(error));
    return false;
  }
  if (done !== "") tell("done", done);
  return true;
}

export function Notices() {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`}>
          <span aria-hidden="true">{notice.kind === "done" ? "✓" : "!"}</span>
          <span>{notice.text}</span>
          <button type="button" class="plain" aria-label="Close this message"
            onClick={() => closeNotice(notice.id)}>×</button>
        </div>
      ))}
    </div>
  );
}
