import { detectionsOf } from "../../lab/protocol";
import { withinFactor, type Chapter } from "../chapter";

export const detection: Chapter = {
  name: "detection",
  title: "Failure detection, and lies",
  link: "experiment=detection&members=60&seed=6&detector=rings&profile=fast&duration_ms=20000",
  settings: ["detector", "profile", "loss", "members", "seed"],
  charts: ["detection", "verdicts"],
  hasNotes: true,
  Before: () => (
    <>
      <p>
        How does a group notice that a member has died? The dead say nothing, and silence is all that
        there is to go by. But silence has other causes: a lost message, a slow network, a machine that
        paused for a moment. Nobody can tell a dead member from a very slow one. Every detector is a bet,
        between speed and error.
      </p>
      <p>
        The run below is a whole group: real members that probe each other. Choose the tool{" "}
        <b>Kill</b>, press <b>Play</b> and click on a member. First somebody suspects it, then the others
        hear of it, then all believe that it is dead.
      </p>
    </>
  ),
  After: () => (
    <>
      <ul>
        <li>
          <b>Heartbeats</b> (1998): each member counts up and gossips its counter. Whose counter rests
          for too long has failed. Simple, and slow in large groups.
        </li>
        <li>
          <b>SWIM</b> (2002): each period a member probes one other. No answer? It asks some others to try
          as well, so that one broken link is no death. In the paper’s model a crash is first noticed
          after 1.58 periods on average, whatever the size of the group. But it is chance who is probed,
          so now and then it takes several periods.
        </li>
        <li>
          <b>Phi accrual</b> (2004): not dead or alive, but how improbable this silence is.
        </li>
        <li>
          <b>Observer rings</b>: every member has three fixed observers that probe it in turn and vote.
          Because they are fixed, no member is forgotten for long, and the distribution in the chart has
          hardly any tail.
        </li>
      </ul>
      <p>
        Now the <b>lies</b>. A member that is cut off says in good faith that all others are dead. A slow
        one accuses those whose answers it read too late. Nobody wants to deceive, and still what they say
        is false. Three things help. A verdict is a <em>suspicion</em> first, and spreads to the accused,
        who may <em>refute</em> it: it raises its own incarnation number, which only it may do, and the
        higher number wins. Who wrongly accuses often learns that it is itself the slow one and gives
        others more time (Lifeguard, 2017). And before the last word somebody probes once more: most false
        verdicts came from refutations that were lost on the way.
      </p>
    </>
  ),
  tries: [
    "Kill five members, one after another, and look at the distribution.",
    "Choose SWIM with the same seed and kill the same members. Which of the two has the longer tail?",
    "Set the loss to 0.2 and let it run without killing anybody. Are there suspicions? Are there deaths?",
    "Choose the profile lan: everything takes longer, and costs fewer bytes. Why would one want that?",
  ],
  question: {
    text: "60 members with observer rings, profile fast. Member 7 is killed after 5 seconds. How many milliseconds later do all others believe it? (Right is what is at most three times off: guess the order of magnitude.)",
    link: "experiment=detection&members=60&seed=12&detector=rings&profile=fast&duration_ms=10000&actions=5000:kill:7",
    answer: { kind: "number", unit: "ms", isNear: withinFactor(3) },
    measure: (runs) => {
      const found = detectionsOf(runs[0]?.ended?.summary ?? {}).find((each) => each.member === 7);
      return found === undefined || found.last_ms < 0 ? null : found.last_ms;
    },
    measured: (value) => `The last of them believed it after ${Math.round(Number(value))} ms.`,
    explanation:
      "One of the three observers probes within a fraction of the period. No answer costs a short timeout, two more tries and the votes of the other observers. Then the verdict spreads by gossip: some hundred milliseconds in all.",
  },
  sources: [
    { title: "R. van Renesse et al., A Gossip-Style Failure Detection Service, 1998", where: "heartbeats" },
    { title: "A. Das et al., SWIM, 2002", where: "sections 3 and 4" },
    { title: "N. Hayashibara et al., The Phi Accrual Failure Detector, 2004", where: "phi" },
    { title: "A. Dadgar et al., Lifeguard, 2017", where: "local health, and who is to blame" },
    { title: "L. Suresh et al., Stable and Consistent Membership at Scale with Rapid, 2018", where: "observers" },
  ],
};
