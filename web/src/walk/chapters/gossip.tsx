import { summaryNumber, within, type Chapter } from "../chapter";

/** k is so large that nobody loses interest while there is somebody to tell. */
const kForever = "experiment=rumor&algorithm=push&fanout=1&k=20";

export const gossip: Chapter = {
  name: "gossip",
  title: "What gossip is",
  link: `${kForever}&members=60&seed=3`,
  settings: ["members", "fanout", "loss", "seed"],
  charts: ["infected", "messages"],
  Before: () => (
    <>
      <p>
        One member of a group knows something. There is no server to put it on and no list that must be
        worked off. Instead, everybody who knows it does the same simple thing: once per interval, pick
        another member by chance and tell it. That is all. It is how rumors spread among people, and the
        mathematics is that of an epidemic, so a member that knows is also called <em>infected</em>.
      </p>
      <p>
        At first the number of those who know nearly doubles in each round: 1, 2, 4, 8. When half of the
        group knows, more and more calls go to members that know already, and the curve bends. Press{" "}
        <b>Play</b> and watch both: the fast rise, and the slow end in which the last ones are found by
        chance.
      </p>
    </>
  ),
  After: () => (
    <>
      <p>
        How long does it take? The rise needs about log<sub>2</sub> <i>N</i> rounds, because it is a
        doubling. The end needs about ln <i>N</i> rounds, because each round leaves a member out with
        probability 1/<i>e</i> when all others tell somebody. Together, log<sub>2</sub> <i>N</i> + ln{" "}
        <i>N</i> (Pittel, 1987). A thousand times as many members cost only 17 rounds more.
      </p>
      <p>
        Nobody is important here. Kill any member, and the rumor takes other ways. Lose one message in
        five, and it takes a few rounds more. Nothing has to be noticed or repaired for that. This is why
        gossip is used where machines fail every day.
      </p>
    </>
  ),
  tries: [
    "Set the fan-out to 3: each member tells three others per interval. How much faster is it, and how many messages does it cost?",
    "Kill some members while the rumor spreads. Does it still reach the others?",
    "Set the loss to 0.2. Look how few rounds more it takes.",
    "Set the speed to 0.1 and follow single messages.",
  ],
  question: {
    text: "In a group of 600 members each one that knows tells one other per round. After how many rounds do all know?",
    link: `${kForever}&members=600&seed=11`,
    answer: { kind: "number", unit: "rounds", isNear: within(3) },
    measure: (runs) => {
      const rounds = summaryNumber(runs[0], "rounds");
      return rounds === null ? null : Math.round(rounds);
    },
    measured: (value) => `In this run the last one heard in round ${value}.`,
    explanation:
      "log2 600 is 9.2 and ln 600 is 6.4, so about 16. It is a matter of chance: other seeds give some rounds more or less.",
  },
  sources: [
    { title: "A. Demers et al., Epidemic Algorithms for Replicated Database Maintenance, 1987", where: "section 1.3" },
    { title: "B. Pittel, On Spreading a Rumor, 1987", where: "the sum of both logarithms" },
  ],
};
