import { expect, test } from "vitest";
import source from "../../../examples/rumor/main.cpp?raw";
import { RunStore } from "../lab/run_store";
import { actionsOfLink } from "../lab/actions";
import { readLink } from "../lab/link";
import { summaryNumber, within, withinFactor, type Question } from "./chapter";
import { kChapters } from "./chapters/all";
import { judge } from "./question_view";
import { kExampleExplanations } from "./build_words";
import { missingAnchors, stepsOf } from "./source_text";

const kQuestion: Question = {
  text: "How many?",
  link: "experiment=rumor",
  answer: { kind: "number", unit: "rounds", isNear: within(2) },
  measure: () => 16,
  measured: (value) => `It was ${value}.`,
  explanation: "So it is.",
};

function ended(summary: Record<string, unknown>): RunStore {
  const store = new RunStore();
  store.begin({
    type: "started", link: "", settings: {}, members: 10, interval_ms: 200,
    theory: { curves: {}, residues: [], numbers: {} }, actions: [],
  });
  [0.1, 0.6, 1].forEach((infected, round) =>
    store.apply({
      type: "frame", number: round + 1, at_ms: round * 200, round, changed: [], values: [], sent: [],
      sent_total: 0, points: { infected }, notes: [], notes_left_out: 0, thinned: 0,
    }));
  store.end({ type: "ended", at_ms: 400, trace_hash: "0", link: "", summary });
  return store;
}

test("there are seven chapters, with seven names", () => {
  expect(kChapters.length).toBe(7);
  expect(new Set(kChapters.map((chapter) => chapter.name)).size).toBe(7);
});

test("every chapter has something to try, a source, and links that fix experiment and seed", () => {
  for (const chapter of kChapters) {
    expect(chapter.tries.length).toBeGreaterThan(1);
    expect(chapter.sources.length).toBeGreaterThan(0);
    for (const link of [chapter.link, chapter.question.link]) {
      const { settings } = readLink(link);
      expect(settings["experiment"]).toBeTruthy();
      expect(settings["seed"]).toBeTruthy();
      const count = (settings["actions"] ?? "").split(";").filter((text) => text !== "").length;
      expect(actionsOfLink(link).length).toBe(count);
    }
  }
});

test("no question can be judged before its run has ended", () => {
  const running = new RunStore();
  for (const { question } of kChapters) {
    const measured = question.measure([running, running]);
    expect(judge(question, "1", measured)).toBeNull();
  }
});

test("an answer near the measured is right, also with a decimal comma; far from it, or none, is not", () => {
  expect(judge(kQuestion, "14", 16)).toEqual({ isRight: true, text: "It was 16." });
  expect(judge(kQuestion, "16,5", 16)?.isRight).toBe(true);
  expect(judge(kQuestion, "13.9", 16)?.isRight).toBe(false);
  expect(judge(kQuestion, "", 1)?.isRight).toBe(false);
  expect(judge(kQuestion, "many", 16)?.isRight).toBe(false);
});

test("near by a factor means both ways", () => {
  const isNear = withinFactor(3);
  expect([100, 300, 900].map((answer) => isNear(answer, 300))).toEqual([true, true, true]);
  expect([99, 901, 0, -300].map((answer) => isNear(answer, 300))).toEqual([false, false, false, false]);
});

test("a run says what its summary has", () => {
  const run = ended({
    residue: 0.037, factor: 0.303, rounds: 15.02,
    detections: [{ member: 7, first_ms: 300, last_ms: 420 }],
  });
  expect(summaryNumber(run, "residue")).toBe(0.037);
  expect(summaryNumber(run, "detections")).toBeNull();
  const of = (name: string) => kChapters.find((chapter) => chapter.name === name)!.question;
  expect(of("residue").measure([run])).toBeCloseTo(3.7, 9);
  expect(of("detection").measure([run])).toBe(420);
  expect(of("average").measure([run])).toBeCloseTo(11.57, 2);
  expect(of("gossip").measure([run])).toBe(15);
  expect(of("group").measure([run])).toBe("yes");
});

test("a source is cut into steps that make up the whole", () => {
  const source = "#include <a>\n\nint one;\nint two;\n\nint main() {\n}\n";
  const explanations = [{ anchor: "int one", words: "first" }, { anchor: "main", words: "last" }];
  const steps = stepsOf(source, explanations);
  expect(steps.map((step) => [step.line, step.words])).toEqual([[1, ""], [3, "first"], [6, "last"]]);
  expect(steps.flatMap((step) => step.lines).join("\n") + "\n").toBe(source);
  expect(missingAnchors(source, [...explanations, { anchor: "three", words: "" }])).toEqual(["three"]);
});

test("every explanation of the example program stands beside its lines, in their order", () => {
  expect(missingAnchors(source, kExampleExplanations)).toEqual([]);
  const steps = stepsOf(source, kExampleExplanations);
  expect(steps.map((step) => step.words).filter((words) => words !== ""))
    .toEqual(kExampleExplanations.map((each) => each.words));
  expect(steps.flatMap((step) => step.lines).join("\n") + "\n").toBe(source);
  expect(source.split("\n").length).toBeLessThanOrEqual(151);
});
