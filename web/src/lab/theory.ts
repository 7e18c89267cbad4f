// What the theory says, to be drawn behind what is measured, where the daemon does not say it itself:
// with a run it tells the curves of exactly the variant that runs. Sources: Demers et al., "Epidemic
// Algorithms for Replicated Database Maintenance", 1987, section 1.4 and table 1; Jelasity et al.,
// "Gossip-based aggregation in large dynamic networks", 2005.

/** Steps of a fixed point; 200 halvings are beyond what a double can tell apart. */
const kHalvings = 200;

/**
 * The share that never hears of a rumor by the differential equations of the paper (push, feedback):
 * the root below 1 of s = e^{-(k+1)(1-s)}. k > 0.
 */
export function residueOf(k: number): number {
  let low = 0;
  // Left of here the difference of both sides rises, so there is one root; the other one is 1.
  let high = 1 - Math.log(k + 1) / (k + 1);
  for (let step = 0; step < kHalvings; step += 1) {
    const middle = (low + high) / 2;
    if (middle < Math.exp(-(k + 1) * (1 - middle))) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The law of every push variant: with m copies per member, e^{-m} of them get none. */
export function residueOfCopies(copiesPerMember: number): number {
  return Math.exp(-copiesPerMember);
}

/**
 * Table 1 of the paper, push with feedback and a counter, 1,000 members: [k, residue, copies per
 * member], to three digits as simulated. Its simulator calls a contact useful if the target did not
 * know at the start of the round, and counts useless contacts in a row.
 */
export const kTableOne: readonly (readonly [number, number, number])[] = [
  [1, 0.174, 1.745],
  [2, 0.0367, 3.3],
  [3, 0.0107, 4.53],
  [4, 0.0035, 5.64],
  [5, 0.0013, 6.68],
];
