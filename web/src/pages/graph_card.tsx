// The graph of the overview: what is linked, how members are grouped, and who is looked at.
import { useMemo, useState } from "preact/hooks";
import type { KnownMember } from "../daemon/members";
import type { OverlayStore } from "../daemon/overlay_store";
import type { Topology } from "../daemon/types";
import { Graph } from "../drawing/graph";
import type { GraphContent } from "../drawing/graph_view";
import { kDrawnMembersMax, type LayoutMember } from "../drawing/layout";
import { go, overlayAddress } from "../shell/router";
import { counted, microsText } from "../shell/words";
import { StatusBadge } from "./status";

type Links = "observers" | "measured" | "none";
/** "zone", "distance", or a label as "label:KEY". */
type Arrangement = string;
/** Labels offered for grouping. */
const kLabelsMax = 16;

/** Keys of labels that some member has, sorted. */
export function labelKeys(members: Iterable<KnownMember>): string[] {
  const keys = new Set<string>();
  for (const member of members) {
    for (const key of Object.keys(member.labels)) keys.add(key);
    if (keys.size >= kLabelsMax) break;
  }
  return [...keys].sort();
}

/** What the graph is to draw. */
export function contentOf(members: readonly KnownMember[], topology: Topology | null, links: Links,
                          arrangement: Arrangement): GraphContent {
  const places = new Map(topology?.members.map((each) => [each.id, each]));
  const label = arrangement.startsWith("label:") ? arrangement.slice(6) : "";
  const drawn = members.map((member): LayoutMember => {
    const place = places.get(member.id);
    const group = label === "" ? (place?.zone ?? "") : (member.labels[label] ?? "");
    return { id: member.id, name: member.name, status: member.status, isSelf: member.is_self,
      group: arrangement === "distance" ? "" : group, x_us: place?.x_us ?? null, y_us: place?.y_us ?? null };
  });
  return { members: drawn, links: linksOf(members, topology, links), byCoordinates: arrangement === "distance",
    arrangement };
}

function linksOf(members: readonly KnownMember[], topology: Topology | null, links: Links): [string, string][] {
  if (links === "observers" && topology !== null) {
    const idAt = (index: number) => topology.members[index]?.id ?? "";
    return topology.links.map(([from, to]) => [idAt(from), idAt(to)]);
  }
  const self = members.find((member) => member.is_self);
  if (links !== "measured" || self === undefined) return [];
  return members.filter((member) => member.is_rtt_measured === true).map((member) => [self.id, member.id]);
}

function Description({ member, isChosen }: { member: KnownMember | undefined; isChosen: boolean }) {
  if (member === undefined) {
    return <span class="quiet">Point at a member, or walk with the arrow keys.</span>;
  }
  return (
    <>
      <strong>{member.name}</strong> <StatusBadge status={member.status} />
      {member.rtt_us !== undefined && <span>{microsText(member.rtt_us)} away</span>}
      {Object.entries(member.labels).map(([key, value]) => <span key={key} class="label">{key}={value}</span>)}
      {isChosen && <span class="quiet">Enter opens its page.</span>}
    </>
  );
}

function Choices(properties: {
  keys: string[]; hasTopology: boolean; arrangement: Arrangement; links: Links;
  onArrange: (next: Arrangement) => void; onLinks: (next: Links) => void;
}) {
  return (
    <>
      <label class="quiet">Grouped by{" "}
        <select value={properties.arrangement}
          onChange={(event) => properties.onArrange(event.currentTarget.value)}>
          <option value="zone">zone</option>
          {properties.keys.map((key) => <option key={key} value={`label:${key}`}>label {key}</option>)}
          {properties.hasTopology && <option value="distance">distance (coordinates)</option>}
        </select>
      </label>
      <label class="quiet">Lines{" "}
        <select value={properties.links} onChange={(event) => properties.onLinks(event.currentTarget.value as Links)}>
          {properties.hasTopology && <option value="observers">who observes whom</option>}
          <option value="measured">round trips measured from here</option>
          <option value="none">none</option>
        </select>
      </label>
    </>
  );
}

export function GraphCard({ store }: { store: OverlayStore }) {
  const [links, setLinks] = useState<Links | "">("");
  const [arrangement, setArrangement] = useState<Arrangement>("zone");
  const [selected, setSelected] = useState("");
  const [hovered, setHovered] = useState("");
  const version = store.membersVersion.value;
  const topology = store.topology.value;
  const shownLinks = links === "" ? (topology === null ? "measured" : "observers") : links;
  const members = useMemo(() => [...store.table.members.values()], [version]);
  const content = useMemo(() => contentOf(members, topology, shownLinks, arrangement),
    [members, topology, shownLinks, arrangement]);
  const shown = store.table.members.get(hovered === "" ? selected : hovered);
  const open = (id: string) => go(overlayAddress(store.name, "members", id));
  return (
    <section class="card graph-card" aria-labelledby="graph-title">
      <div class="row">
        <h2 id="graph-title">Members</h2>
        <Choices keys={labelKeys(members)} hasTopology={topology !== null} arrangement={arrangement}
          links={shownLinks} onArrange={setArrangement} onLinks={setLinks} />
      </div>
      <Graph label={`Graph of ${counted(members.length, "member")}`} content={content} selected={selected}
        onHover={setHovered} onSelect={setSelected} onOpen={open} />
      <p class="row description" aria-live="polite">
        <Description member={shown} isChosen={shown !== undefined && shown.id === selected} />
        {arrangement === "distance" && (
          <span class="quiet">Laid flat: who is near in the picture may be far in truth.</span>
        )}
        {shownLinks === "observers" && (topology?.links_left_out ?? 0) > 0 && (
          <span>{counted(topology?.links_left_out ?? 0, "line")} are left out.</span>
        )}
        {members.length > kDrawnMembersMax && (
          <span>{counted(members.length - kDrawnMembersMax, "member")} are not drawn; the table has all.</span>
        )}
      </p>
    </section>
  );
}
