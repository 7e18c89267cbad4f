// What the theory says, to be drawn behind what is measured. Sources: Demers et al., "Epidemic
// Algorithms for Replicated Database Maintenance", 1987 (sections 1.4, table 1 to 3); Das et al.,
// "SWIM", 2002, section 4.1; Jelasity et al., "Gossip-based aggregation in large dynamic networks",
// 2005. Where the daemon sends theory of its own with a run (for exactly the variant that runs), the
// page draws that instead.

/** Steps of a fixed point; 200 halvings are beyond what a double can tell apart. */
const kHalvings = 200;

/**
 * The share that never hears of a rumor: the root below 1 of s = e^{-(k+1)(1-s)} (push, feedback).
 * k > 0. Found by bisection: the difference is negative just below the root at 1, positive at 0.
 */
export function residueOf(k: number): number {
  let low = 0;
  // The function s - e^{-(k+1)(1-s)} has its only other root left of its maximum.
  let high = 1 - Math.log(k + 1) / (k + 1);
  for (let step = 0; step < kHalvings; step += 1) {
    const middle = (low + high) / 2;
    if (middle < Math.exp(-(k + 1) * (1 - middle))) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Residue of a blind push with m messages per member: s = e^{-m}. */
export function residueOfMessages(messagesPerMember: number): number {
  return Math.exp(-messagesPerMember);
}

/**
 * Table 1 of the paper, push with feedback and a counter, 1,000 members: [k, residue, messages].
 * Its simulator calls a contact useful if the target did not know at the start of the round.
 */
export const kTableOne: readonly [number, number, number][] = [
  [1, 0.174, 1.745],
  [2, 0.0367, 3.3],
  [3, 0.0107, 4.53],
  [4, 0.0035, 5.64],
  [5, 0.0013, 6.68],
];

/** Share that knows after each round, if every member that knows tells `fanout` others per round. */
export function infectedCurve(members: number, fanout: number, rounds: number): [number, number][] {
  const curve: [number, number][] = [];
  let unaware = 1 - 1 / members;
  for (let round = 0; round <= rounds; round += 1) {
    curve.push([round, 1 - unaware]);
    unaware *= Math.pow(1 - 1 / members, members * (1 - unaware) * fanout);
  }
  return curve;
}

/** The logistic curve of one contact per member and round, growth `rate` per round. */
export function logistic(members: number, rate: number, round: number): number {
  return 1 / (1 + (members - 1) * Math.exp(-rate * round));
}

/** One round of anti-entropy by pull: p becomes p squared. */
export function pullTail(share: number): number {
  return share * share;
}

/** One round of anti-entropy by push: p becomes p (1 - 1/n)^{n (1 - p)}, nearly p / e. */
export function pushTail(share: number, members: number): number {
  return share * Math.pow(1 - 1 / members, members * (1 - share));
}

/** Factor of the variance per round of push-pull averaging, each member starting once: 1/(2 sqrt e). */
export const kPushPullVarianceFactor = 1 / (2 * Math.sqrt(Math.E));

/** The same of push-sum; measured by simulation, for 300 members. */
export const kPushSumVarianceFactor = 0.525;

export function varianceCurve(first: number, factor: number, rounds: number): [number, number][] {
  const curve: [number, number][] = [];
  for (let round = 0; round <= rounds; round += 1) curve.push([round, first * factor ** round]);
  return curve;
}

/** Rounds until all know, push with fan-out f: log_{f+1} N + (ln N) / f + 1; a rule of thumb. */
export function pushRounds(members: number, fanout: number): number {
  return Math.log(members) / Math.log(fanout + 1) + Math.log(members) / fanout + 1;
}

/** Share of crashes not yet noticed t periods later, SWIM with one probe per period: e^{-t}. */
export function swimUnnoticed(periods: number): number {
  return Math.exp(-periods);
}
