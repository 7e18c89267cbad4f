import type { Chapter } from "../chapter";
import { summaryNumber } from "../chapter";

export const rumors: Chapter = {
  name: "rumors",
  title: "Rumor mongering",
  link: "experiment=rumor&algorithm=push&members=200&seed=5&k=2&fanout=1",
  settings: ["algorithm", "members", "fanout", "k", "seed"],
  charts: ["infected", "spreading", "messages"],
  Before: () => (
    <>
      <p>
        In the first chapter everybody went on telling for ever. That finds the last member, but it costs
        messages long after all know. Demers and his colleagues at Xerox looked at what people do: a
        person who tells a story and hears “I know that one already” some times loses interest.
      </p>
      <p>
        So a member is in one of three states. It <b>has not heard</b> the rumor; or it{" "}
        <b>spreads it</b>, the rumor is <em>hot</em>; or it knows it and has <b>lost interest</b>, it is{" "}
        <em>removed</em>. The rule here: who meets <i>k</i> partners that knew it already, without a
        success between them, stops. When nobody spreads it any more, the rumor is over by itself.
      </p>
    </>
  ),
  After: () => (
    <>
      <p>Who calls whom can be turned around:</p>
      <ul>
        <li><b>Push</b>: who knows something new tells somebody. Fast at the beginning.</li>
        <li>
          <b>Pull</b>: everybody asks somebody for news. Slow at the beginning, when hardly anybody has
          any; but at the end nearly every question finds an answer, so the last ones are reached quickly.
        </li>
        <li><b>Push-pull</b>: both in one exchange, and the best of both.</li>
      </ul>
      <p>
        Pull asks also when there is nothing new. In a group where something happens all the time that
        costs nothing extra; in a quiet one it does. The rumors of Grapevine are push-pull with{" "}
        <i>k</i> = 3 and three partners per interval.
      </p>
    </>
  ),
  tries: [
    "Change the algorithm from push to pull and look at the shape of the first chart: where is each of them fast?",
    "Start a second rumor with a click (tool “Start a rumor”) after the first has ended.",
    "Set k to 1, then to 5. Count the members that have not heard in the end.",
  ],
  question: {
    text: "The same group with the same seed runs with push (first run) and with push-pull (second run). In which does the last member that hears of it hear sooner?",
    link: "experiment=rumor&algorithm=push&members=500&seed=9&k=2&fanout=1&compare=algorithm:push-pull",
    answer: {
      kind: "choice",
      choices: [
        { value: "push", title: "with push" },
        { value: "push-pull", title: "with push-pull" },
      ],
    },
    measure: (runs) => {
      const push = summaryNumber(runs[0], "t_last_ms");
      const both = summaryNumber(runs[1], "t_last_ms");
      if (push === null || both === null) return null;
      return both < push ? "push-pull" : "push";
    },
    measured: (value) => `The last one heard sooner with ${value}.`,
    explanation:
      "Push-pull grows about twice as fast at the beginning, because calls in both directions carry the rumor, and pull finds the last ones quickly. Look also who never hears: with push-pull it is hardly anybody.",
  },
  sources: [
    { title: "A. Demers et al., Epidemic Algorithms for Replicated Database Maintenance, 1987", where: "section 1.4, tables 1 to 3" },
    { title: "R. Karp et al., Randomized Rumor Spreading, 2000", where: "push and pull together" },
  ],
};
