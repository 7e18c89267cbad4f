import { expect, test } from "vitest";
import { actionsOfLink, actionWords, cutOffAt, readMembers } from "./actions";
import { kFakeCatalogue } from "./fake_lab";
import {
  comparedSettings, experimentOf, kLinkCharactersMax, moveToExperiment, pageLink, readLink, runLink,
  settingOf, settingProblem,
} from "./link";

const kLink = "experiment=rumor&members=1000&seed=7&k=2&actions=1200:kill:3;2400:partition:0-9,12;3600:heal";

test("a link that was read is written as it was", () => {
  expect(runLink(readLink(kLink).settings)).toBe(kLink);
  expect(pageLink(readLink(kLink))).toBe(kLink);
});

test("differences of a second run are the page's own and never reach the daemon", () => {
  const link = readLink(`${kLink}&compare=k:4,feedback:false`);
  expect(link.compare).toEqual({ k: "4", feedback: "false" });
  expect(runLink(link.settings)).toBe(kLink);
  expect(readLink(pageLink(link))).toEqual(link);
});

test("the second run has the seed and the actions of the first", () => {
  const settings = comparedSettings(readLink(`${kLink}&compare=k:4`));
  expect(settings).toMatchObject({ seed: "7", k: "4", actions: readLink(kLink).settings.actions });
});

test("a second run without differences is still a second run", () => {
  expect(readLink("seed=7&compare=").compare).toEqual({});
  expect(readLink("seed=7").compare).toBeNull();
});

test("a link one character too long reads as none", () => {
  const longest = `seed=${"7".repeat(kLinkCharactersMax - 5)}`;
  expect(readLink(longest).settings.seed).toBeDefined();
  expect(readLink(`${longest}7`).settings).toEqual({});
});

test("an experiment that there is not shows the first", () => {
  expect(experimentOf(kFakeCatalogue, { experiment: "nothing" })?.name).toBe("rumor");
});

test("a setting that a link leaves out has its default, and garbage too", () => {
  const rumor = kFakeCatalogue.experiments[0]!;
  expect(settingOf(rumor, {}, "members")).toBe(200);
  expect(settingOf(rumor, { members: "50" }, "members")).toBe(50);
  expect(settingOf(rumor, { members: "many" }, "members")).toBe(200);
  expect(settingOf(rumor, { feedback: "false" }, "feedback")).toBe(false);
  expect(settingOf(rumor, {}, "no such")).toBeUndefined();
});

test("values out of range are refused in words before the daemon is asked", () => {
  const rumor = kFakeCatalogue.experiments[0]!;
  const of = (name: string) => rumor.settings.find((setting) => setting.name === name)!;
  expect(settingProblem(of("members"), "10000")).toBeNull();
  expect(settingProblem(of("members"), "10001")).toContain("from 2 to 10000");
  expect(settingProblem(of("members"), "2.5")).toContain("whole number");
  expect(settingProblem(of("loss"), "0.25")).toBeNull();
  expect(settingProblem(of("loss"), "")).toContain("not a number");
  expect(settingProblem(of("algorithm"), "shout")).toContain("choices");
});

test("another experiment keeps members, seed and loss, and no actions", () => {
  const average = kFakeCatalogue.experiments[1]!;
  expect(moveToExperiment(average, { members: "77", seed: "9", k: "3", actions: "0:kill:1" }))
    .toEqual({ experiment: "average", members: "77", seed: "9" });
});

test("the members of a partition are ranges and single ones", () => {
  expect(readMembers("0-3,7,x,9-")).toEqual([0, 1, 2, 3, 7]);
});

test("a cut holds from its moment until the heal", () => {
  const actions = actionsOfLink(kLink);
  expect(actions.map((action) => action.name)).toEqual(["kill", "partition", "heal"]);
  expect(cutOffAt(actions, 2399).size).toBe(0);
  expect(cutOffAt(actions, 2400).size).toBe(11);
  expect(cutOffAt(actions, 3599).has(12)).toBe(true);
  expect(cutOffAt(actions, 3600).size).toBe(0);
});

test("actions are told in words", () => {
  expect(actionsOfLink(kLink).map(actionWords)).toEqual([
    "member 3 is killed", "11 members are cut off", "all cuts are healed",
  ]);
});
