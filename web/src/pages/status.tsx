import type { Status } from "../daemon/types";
import { kStatusMarks } from "../shell/words";

/** A status by shape, word and colour. */
export function StatusBadge({ status }: { status: Status }) {
  return (
    <span class={`status ${status}`}>
      <span aria-hidden="true">{kStatusMarks[status]}</span> {status}
    </span>
  );
}
