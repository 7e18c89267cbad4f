import { summaryNumber, type Chapter } from "../chapter";

/** Between "about the same" and "about ten times" lies a factor of three. */
const kMuchMore = 3;

export const sync: Chapter = {
  name: "sync",
  title: "Anti-entropy",
  link: "experiment=sync&members=30&seed=4&entries=500&differences=60",
  settings: ["members", "entries", "differences", "loss", "seed"],
  charts: ["different", "bytes"],
  Before: () => (
    <>
      <p>
        Rumors leave a residue, messages get lost, members were away. So from time to time two members
        compare <em>everything</em> they hold and repair what differs. Demers called it{" "}
        <b>anti-entropy</b>: it works against disorder. It is slower than a rumor and cannot miss
        anything. Rumors are for speed, anti-entropy is for certainty.
      </p>
      <p>
        In this run nobody tells rumors. Each member holds many entries that all have, and some entries
        are known to one member only. Every interval a member compares with another one. Colours show how
        much a member still lacks.
      </p>
    </>
  ),
  After: () => (
    <>
      <p>
        Let <i>p</i> be the share of those that lack an entry. With <b>pull</b> a member still lacks it
        after a round only if it lacked it and the one it asked lacked it too: <i>p</i> becomes{" "}
        <i>p</i><sup>2</sup>. One in ten, one in a hundred, one in ten thousand: after that nobody. With{" "}
        <b>push</b> it becomes about <i>p</i>/<i>e</i>, because each of those that have it calls one
        member, and a share 1/<i>e</i> is called by nobody. That is why a repair should always pull as well.
      </p>
      <p>
        Comparing everything sounds costly. It need not be. Both sort their entries and exchange one
        fingerprint of all. If it is equal, they are done. If not, the range is split into parts with a
        fingerprint each, and only parts that differ are looked at again. The cost grows with the number
        of <em>differences</em> and only with the logarithm of the number of entries: one difference in
        a million entries is found with less than two kilobytes.
      </p>
    </>
  ),
  tries: [
    "Set the differences to 1 and play. Then to 200. What does the number of bytes follow?",
    "Set the loss to 0.3. It takes longer, and nothing is missed in the end.",
    "Cut off some members while it runs, let both sides finish, then heal.",
  ],
  question: {
    text: "The second run holds ten times as many equal entries (5,000 instead of 500) with as many differences. How many bytes does it need, compared with the first?",
    link: "experiment=sync&members=30&seed=8&entries=500&differences=20&compare=entries:5000",
    answer: {
      kind: "choice",
      choices: [
        { value: "somewhat", title: "clearly less than three times as many" },
        { value: "ten", title: "three times as many or more" },
      ],
    },
    measure: (runs) => {
      const few = summaryNumber(runs[0], "bytes_per_member");
      const many = summaryNumber(runs[1], "bytes_per_member");
      if (few === null || many === null || few === 0) return null;
      return many / few < kMuchMore ? "somewhat" : "ten";
    },
    measured: (value) =>
      value === "somewhat"
        ? "The second run needed clearly less than three times as many bytes."
        : "The second run needed three times as many bytes or more.",
    explanation:
      "Ranges without a difference cost one fingerprint, however many entries are in them. More entries mean a step or two more of splitting, not ten times the bytes.",
  },
  sources: [
    { title: "A. Demers et al., Epidemic Algorithms for Replicated Database Maintenance, 1987", where: "section 1.3" },
    { title: "A. Meyer, Range-Based Set Reconciliation, 2022", where: "comparing by fingerprints of ranges" },
  ],
};
