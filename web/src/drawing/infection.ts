// One event on its way: who told whom, when. The times of the trace, replayed slower.
import type { Trace, TraceNode } from "../daemon/types";

/** A replay takes this long, however fast the event was. */
export const kReplayMs = 4_000;
/** More are summed up in words. 10,000 members are the most that a daemon traces at once. */
export const kTracedMax = 10_000;
/** Up to here members stand in rows with their names; above, around the publisher. */
export const kNamedMax = 40;

export interface InfectionNode {
  id: string;
  name: string;
  /** Index of who told it; -1 at the publisher and where that is not known. */
  from: number;
  hops: number;
  after_us: number;
  hop_us: number | null;
  repair: TraceNode["repair"];
  duplicates: number;
  /** Place: depth 0 is the publisher, `share` 0 to 1 across. */
  depth: number;
  share: number;
}

export interface Infection {
  nodes: InfectionNode[];
  depthMax: number;
  leaves: number;
  /** When the last member learned of it. */
  end_us: number;
  omitted: number;
}

function timeOf(node: TraceNode, first_us: number): number {
  // Clocks that disagree can put a member before the publisher; it is then drawn as told at once.
  return Math.max(0, node.after_us ?? node.learned_at_us - first_us);
}

/** Reads a trace into a tree with places. What came from somebody unknown hangs on the publisher. */
export function infectionOf(trace: Trace): Infection {
  const listed = trace.nodes.slice(0, kTracedMax);
  const indexOf = new Map(listed.map((node, index) => [node.id, index]));
  const first_us = listed[0]?.learned_at_us ?? 0;
  const nodes = listed.map((node, index): InfectionNode => ({
    id: node.id, name: node.name === "" ? node.id : node.name,
    from: node.from === undefined || index === 0 ? -1 : (indexOf.get(node.from) ?? 0),
    hops: node.hops, after_us: timeOf(node, first_us), hop_us: node.hop_us ?? null,
    repair: node.repair, duplicates: node.duplicates, depth: 0, share: 0.5,
  }));
  breakCycles(nodes);
  const leaves = placeNodes(nodes);
  return {
    nodes, leaves,
    depthMax: nodes.reduce((most, node) => Math.max(most, node.depth), 0),
    end_us: nodes.reduce((most, node) => Math.max(most, node.after_us), 0),
    omitted: trace.nodes.length - listed.length,
  };
}

/** Notes of different members need not fit together: nobody may be above itself. */
function breakCycles(nodes: InfectionNode[]): void {
  const isSafe = new Uint8Array(nodes.length);
  nodes.forEach((_, start) => {
    const walked: number[] = [];
    const onPath = new Set<number>();
    let index = start;
    while (index >= 0 && isSafe[index] === 0) {
      if (onPath.has(index)) {
        (nodes[index] as InfectionNode).from = -1;
        break;
      }
      onPath.add(index);
      walked.push(index);
      index = nodes[index]?.from ?? -1;
    }
    for (const each of walked) isSafe[each] = 1;
  });
}

/** Leaves in order, parents in the middle of their children. Gives the number of leaves. */
function placeNodes(nodes: InfectionNode[]): number {
  const children: number[][] = nodes.map(() => []);
  const roots: number[] = [];
  nodes.forEach((node, index) => (node.from < 0 ? roots : (children[node.from] ?? roots)).push(index));
  const order: number[] = [];
  const stack = roots.slice().reverse();
  while (stack.length > 0) {
    const index = stack.pop() as number;
    order.push(index);
    const node = nodes[index] as InfectionNode;
    node.depth = node.from < 0 ? 0 : (nodes[node.from] as InfectionNode).depth + 1;
    stack.push(...(children[index] ?? []).slice().reverse());
  }
  let leaves = 0;
  for (const index of order) {
    if (children[index]?.length === 0) (nodes[index] as InfectionNode).share = leaves++;
  }
  for (const index of order.reverse()) {
    const below = children[index] ?? [];
    if (below.length === 0) continue;
    const first = nodes[below[0] as number]?.share ?? 0;
    const last = nodes[below[below.length - 1] as number]?.share ?? 0;
    (nodes[index] as InfectionNode).share = (first + last) / 2;
  }
  for (const node of nodes) node.share = (node.share + 0.5) / Math.max(1, leaves);
  return leaves;
}

export interface Latencies {
  median_us: number | null;
  p90_us: number | null;
  max_us: number | null;
}

/** Of the hops whose both ends are known. */
export function latenciesOf(infection: Infection): Latencies {
  const hops = infection.nodes.map((node) => node.hop_us).filter((hop): hop is number => hop !== null)
    .sort((a, b) => a - b);
  const rank = (share: number) => hops[Math.max(0, Math.ceil(share * hops.length) - 1)] ?? null;
  return { median_us: rank(0.5), p90_us: rank(0.9), max_us: rank(1) };
}

/** How many have it at an instant of the replay. */
export function reachedAt(infection: Infection, at_us: number): number {
  return infection.nodes.reduce((count, node) => count + (node.after_us <= at_us ? 1 : 0), 0);
}

/**
 * The instant of the event for a share of the replay. The square spreads the beginning, in which
 * most members learn of it, before the stragglers that a repair reaches much later.
 */
export function instantOf(infection: Infection, share: number): number {
  const inside = Math.max(0, Math.min(1, share));
  return inside * inside * infection.end_us;
}
