import { type Chapter } from "../chapter";

export const group: Chapter = {
  name: "group",
  title: "Seeds, partitions and healing",
  link: "experiment=group&members=40&seed=10&seeds=3&profile=fast&dissemination=tree&duration_ms=60000",
  settings: ["members", "seeds", "dissemination", "profile", "loss", "seed"],
  charts: ["joined", "infected"],
  hasNotes: true,
  Before: () => (
    <>
      <p>
        So far everybody knew everybody. A real member starts alone, with a short list of addresses: the{" "}
        <b>seeds</b>. A seed is an ordinary member that others know the way to. The newcomer asks one, gets
        the list of members, and from then on the seed is one of many. Which members know of each other is
        itself news and spreads by gossip.
      </p>
      <p>
        Press <b>Play</b>. Members join first. Then cut the group with the tool <b>Cut</b>: draw a line
        through the picture. Each side suspects the other and soon believes it to be dead. Start a rumor on
        one side, and then press <b>Heal all</b>.
      </p>
    </>
  ),
  After: () => (
    <>
      <p>
        While the group is cut, both halves go on. Nobody decides which of them is the right one: gossip
        has no quorum, and what must not be done twice needs another tool. That is the price; what it buys
        is that no half ever stops working.
      </p>
      <p>
        How do the halves find each other again, when each holds the other for dead? By trying. From time
        to time a member asks one that it believes dead, or a seed. One answer is enough: the one that
        answers raises its incarnation, and that it lives spreads like any rumor. What the halves have
        missed meanwhile is found by anti-entropy. Rumors, repair, detection, seeds: each of them covers
        what another one leaves.
      </p>
      <p>
        And without seeds? Members that run have the list in memory and on disk. If all seeds die, the
        group stays together. Only new members no longer find the door, so give more than one seed.
      </p>
    </>
  ),
  tries: [
    "Kill members 0, 1 and 2: these are the seeds. Does the group stay together?",
    "Add 10 members while all seeds live; then kill the seeds and add 10 more.",
    "Cut off one half, say something on each side, and heal. Does everybody hear both?",
  ],
  question: {
    text: "After 10 seconds all three seeds (members 0, 1 and 2) are killed. After 20 seconds member 9 says something. Do the other members hear it?",
    link: "experiment=group&members=40&seed=14&seeds=3&profile=fast&dissemination=tree&duration_ms=30000&actions=10000:kill:0;10000:kill:1;10000:kill:2;20000:rumor:9",
    answer: {
      kind: "choice",
      choices: [
        { value: "yes", title: "yes, nearly all of them" },
        { value: "no", title: "no, the group has fallen apart" },
      ],
    },
    measure: (runs) => {
      const samples = runs[0]?.samples ?? [];
      const last = samples[samples.length - 1]?.points["infected"];
      if (last === undefined || runs[0]?.ended === null) return null;
      return last > 0.9 ? "yes" : "no";
    },
    measured: (value) => (value === "yes" ? "More than nine in ten have heard it." : "Most have not heard it."),
    explanation:
      "Seeds are needed to come in, not to stay. The members know each other by then, and their observers have noticed the three deaths long before.",
  },
  sources: [
    { title: "R. van Renesse et al., A Gossip-Style Failure Detection Service, 1998", where: "finding each other again after a partition" },
    { title: "A. Das et al., SWIM, 2002", where: "section 4: incarnations" },
    { title: "J. Leitão et al., Epidemic Broadcast Trees, 2007", where: "the tree that carries events" },
  ],
};
