// The picture by keyboard: everything that the mouse does there.

import type { Bench } from "./bench";
import { kClogMs } from "./bench";
import { neighbourOf, type Direction } from "./layout";
import type { LabPlayer } from "./player";
import { stateTitle } from "./palette";

const kArrows: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

function experimentName(bench: Bench): string {
  return bench.experiment.value?.name ?? "";
}

export function memberWords(bench: Bench, player: LabPlayer, member: number): string {
  const state = player.store.states[member];
  if (state === undefined) return "";
  return `Member ${member}: ${stateTitle(state, experimentName(bench))}`;
}

function move(bench: Bench, player: LabPlayer, positions: Float32Array, way: Direction): void {
  const at = bench.selected.value;
  const next = at < 0 ? 0 : neighbourOf(positions, at, way);
  if (next < 0) return;
  bench.select(next);
  bench.said.value = memberWords(bench, player, next);
}

/** The first press says from where, the second to where. */
function clog(bench: Bench, member: number): void {
  const from = bench.clogFrom.value;
  if (from < 0 || from === member) {
    bench.clogFrom.value = member;
    bench.said.value = `A clog begins at member ${member}: choose another one and press C again`;
    return;
  }
  bench.clogFrom.value = -1;
  const words = `the link from ${from} to ${member} is clogged`;
  bench.act({ do: "clog", from, to: member, for_ms: kClogMs }, words);
}

function actOn(bench: Bench, member: number, key: string): boolean {
  if (member < 0) return false;
  if (key === "r" && bench.allows("rumor")) {
    bench.act({ do: "rumor", member }, `member ${member} says something new`);
  } else if (key === "k" && bench.allows("kill")) {
    bench.act({ do: "kill", member }, `member ${member} is killed`);
  } else if (key === "b" && bench.allows("restart")) {
    bench.act({ do: "restart", member }, `member ${member} is back`);
  } else if (key === "c" && bench.allows("clog")) {
    clog(bench, member);
  } else {
    return false;
  }
  return true;
}

const kKeysOfTools: Record<string, string> = { rumor: "r", kill: "k", restart: "b", clog: "c" };

/** Does what a key means; false if it means nothing here. */
export function keyAction(
  bench: Bench,
  player: LabPlayer,
  positions: Float32Array,
  key: string,
): boolean {
  const way = kArrows[key];
  if (way !== undefined) {
    move(bench, player, positions, way);
    return true;
  }
  switch (key) {
    case " ":
      bench.toggle();
      return true;
    case ".":
      bench.step();
      return true;
    case ",":
      bench.stepBack();
      return true;
    case "h":
      if (bench.allows("heal")) bench.act({ do: "heal" }, "all cuts are healed");
      return true;
    case "l":
      bench.nextLayout();
      return true;
    case "Enter":
      return actOn(bench, bench.selected.value, kKeysOfTools[bench.tool.value] ?? "");
    default:
      return actOn(bench, bench.selected.value, key.toLowerCase());
  }
}
