import type { RunStore } from "../../lab/run_store";
import { summaryNumber, within, type Chapter } from "../chapter";

/** Rounds until the variance is a millionth, by the mean factor of the whole run. */
function roundsToMillionth(run: RunStore | undefined): number | null {
  const factor = summaryNumber(run, "factor");
  return factor === null || factor <= 0 || factor >= 1 ? null : Math.log(1e-6) / Math.log(factor);
}

export const average: Chapter = {
  name: "average",
  title: "Aggregation",
  link: "experiment=average&members=200&seed=8&method=push-pull",
  settings: ["method", "values", "members", "loss", "seed"],
  charts: ["variance", "messages"],
  Before: () => (
    <>
      <p>
        Gossip can compute. Give every member a number: its load, its free disk. All want to know the
        mean, and nobody collects. The rule: once per interval pick a partner by chance; both set their
        number to the mean of the two. That is all, again.
      </p>
      <p>
        The colours show the numbers. Press <b>Play</b>: extremes vanish first, then all become one colour.
        The chart has a logarithmic axis. The straight line in it means: each round makes the distance
        from the mean smaller by the same factor.
      </p>
    </>
  ),
  After: () => (
    <>
      <p>
        Why is the common colour the <em>right</em> one? Because no exchange changes the sum: what one
        member gives the other takes. This is <b>conservation of mass</b>, and everything hangs on it. The
        variance falls by the factor 1/(2√e) = 0.303 per round when each member begins one exchange per
        round (Jelasity, Montresor and Babaoglu, 2005). It does not depend on the size of the group.
      </p>
      <p>
        With <b>push-sum</b> (Kempe, Dobra and Gehrke, 2003) nobody has to answer. A member keeps half of
        its sum and half of its weight and sends the other halves away; its estimate is sum divided by
        weight. It needs more rounds. When a message is lost, sum and weight are lost together, so their
        ratio stays nearly right, but only nearly. With push-pull as the paper has it, a lost answer
        changes the sum for ever: one side has moved and the other has not. Grapevine repeats an exchange
        until it is answered, and moves its amount only once.
      </p>
      <p>
        From the mean follows more. One member starts with 1 and all others with 0: the mean is 1/
        <i>N</i>, and everybody can count the group. Mean times count is the sum.
      </p>
    </>
  ),
  tries: [
    "Set the values to “one has all”: this is how a group counts itself. What do all hold in the end?",
    "Set the members to 1,000 and compare the slope of the line. Has it changed?",
    "Set the loss to 0.1, once with push-pull and once with push-sum. Where do they end?",
  ],
  question: {
    text: "Push-pull, 500 members. After how many rounds is the variance a millionth of what it was?",
    link: "experiment=average&members=500&seed=15&method=push-pull",
    answer: { kind: "number", unit: "rounds", isNear: within(2) },
    measure: (runs) => roundsToMillionth(runs[0]),
    measured: (value) => `In this run it took ${Number(value).toFixed(1)} rounds.`,
    explanation:
      "0.303 to the power of n is a millionth for n = ln 1,000,000 / ln 3.30 = 11.6. For 5,000 members it is the same.",
  },
  sources: [
    { title: "M. Jelasity, A. Montresor, O. Babaoglu, Gossip-Based Aggregation in Large Dynamic Networks, 2005", where: "the factor, and counting" },
    { title: "D. Kempe, A. Dobra, J. Gehrke, Gossip-Based Computation of Aggregate Information, 2003", where: "push-sum" },
  ],
};
