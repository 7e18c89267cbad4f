// All members as a table: search, filter, sort.
import { useMemo, useState } from "preact/hooks";
import type { KnownMember } from "../daemon/members";
import { kStatuses, type Status } from "../daemon/types";
import { LongTable, type Column } from "../drawing/long_table";
import { go, overlayAddress } from "../shell/router";
import { ageText, counted, microsText } from "../shell/words";
import { memberRows, type SortKey } from "./member_rows";
import type { PageProperties } from "./overlay";
import { StatusBadge } from "./status";

function columnsOf(overlay: string): Column<KnownMember>[] {
  return [
    {
      key: "name", title: "Name", width: "2fr", isSortable: true,
      cell: (member) => (
        <a href={overlayAddress(overlay, "members", member.id)}>{member.name}{member.is_self ? " (here)" : ""}</a>
      ),
    },
    { key: "status", title: "Status", width: "7rem", isSortable: true,
      cell: (member) => <StatusBadge status={member.status} /> },
    { key: "since", title: "For", width: "5rem", isNumber: true, isSortable: true,
      cell: (member) => ageText(Date.now() - member.since_ms) },
    { key: "rtt", title: "Round trip", width: "7rem", isNumber: true, isSortable: true,
      cell: (member) => (member.rtt_us === undefined ? "–"
        : `${member.is_rtt_measured === true ? "" : "~"}${microsText(member.rtt_us)}`) },
    { key: "path", title: "Path", width: "6rem", isExtra: true, cell: (member) => member.path ?? "" },
    { key: "address", title: "Address", width: "2fr", isSortable: true, isExtra: true,
      cell: (member) => <span class="mono">{member.addresses[0] ?? ""}</span> },
    { key: "life", title: "Life", width: "4rem", isNumber: true, isSortable: true, isExtra: true,
      cell: (member) => member.incarnation },
    { key: "labels", title: "Labels", width: "2fr", isExtra: true,
      cell: (member) => Object.entries(member.labels).map(([key, value]) => `${key}=${value}`).join(" ") },
  ];
}

export default function Members({ store, route }: PageProperties) {
  const first = kStatuses.find((status) => status === route.query.get("status")) ?? "";
  const [text, setText] = useState("");
  const [status, setStatus] = useState<Status | "">(first);
  const [sort, setSort] = useState<{ key: SortKey; isDown: boolean }>({ key: "name", isDown: false });
  const version = store.membersVersion.value;
  const rows = useMemo(
    () => memberRows(store.table.members.values(), { text, status, sort: sort.key, isDown: sort.isDown }),
    [version, text, status, sort],
  );
  const second = store.samplesVersion.value;
  // New columns draw the rows anew: once a second, for the ages.
  const columns = useMemo(() => columnsOf(store.name), [store.name, second]);
  return (
    <div class="full-height">
      <div class="row title">
        <h1>Members</h1>
        <label class="quiet">Search{" "}
          <input type="search" placeholder="name, address, label, id" value={text}
            onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label class="quiet">Status{" "}
          <select value={status} onChange={(event) => setStatus(event.currentTarget.value as Status | "")}>
            <option value="">all</option>
            {kStatuses.map((each) => <option key={each} value={each}>{each}</option>)}
          </select>
        </label>
        <span class="quiet" role="status">
          {rows.length === store.table.members.size ? counted(rows.length, "member")
            : `${rows.length.toLocaleString("en")} of ${counted(store.table.members.size, "member")}`}
        </span>
      </div>
      <LongTable label="Members" columns={columns} rows={rows} idOf={(member) => member.id} sort={sort}
        onSort={(key) => setSort({ key: key as SortKey, isDown: sort.key === key && !sort.isDown })}
        onOpen={(member) => go(overlayAddress(store.name, "members", member.id))}
        empty={store.isLoaded.value ? "No member fits." : "Loading …"} />
    </div>
  );
}
