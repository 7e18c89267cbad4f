// From a run and what the reader has chosen to the scene that is drawn.

import { actionsOfLink, cutOffAt, type TimedAction } from "./actions";
import { layoutOf, markRadius, type LayoutName } from "./layout";
import type { Palette } from "./palette";
import type { Packet, Scene, ValueScale } from "./picture";
import type { LabPlayer } from "./player";

/** Experiments whose members are coloured by a number, over the range of its beginning. */
const kByValue = new Set(["average", "sync"]);

export function experimentOfLink(link: string): string {
  return new URLSearchParams(link).get("experiment") ?? "";
}

/** The range of the colours, or null where states say all. */
export function valueScale(player: LabPlayer): ValueScale | null {
  const experiment = experimentOfLink(player.link.value);
  const range = player.store.valueRange;
  if (!kByValue.has(experiment) || range === null) return null;
  return { least: experiment === "sync" ? 0 : range.least, most: range.most };
}

export class SceneMaker {
  private positions_: Float32Array = new Float32Array(0);
  private positionsFor_ = "";
  private actions_: TimedAction[] = [];
  private actionsOf_ = "";

  constructor(readonly player: LabPlayer) {}

  positions(layout: LayoutName): Float32Array {
    const { store } = this.player;
    // The force layout follows the tree of who told whom, but not every frame: only as it doubles.
    const told = layout === "force" ? Math.ceil(Math.log2(1 + countTold(store.parents))) : 0;
    const wanted = `${layout} ${store.memberCount} ${told} ${store.started?.link ?? ""}`;
    if (wanted !== this.positionsFor_) {
      this.positions_ = layoutOf(layout, store.memberCount, store.parents);
      this.positionsFor_ = wanted;
    }
    return this.positions_;
  }

  scene(
    layout: LayoutName,
    palette: Palette,
    packets: readonly Packet[],
    selected: number,
    line: Scene["line"],
  ): Scene {
    const { store } = this.player;
    const scale = valueScale(this.player);
    return {
      positions: this.positions(layout),
      states: store.states,
      values: scale === null ? null : store.values,
      scale: scale ?? { least: 0, most: 0 },
      packets,
      radius: markRadius(store.memberCount, layout),
      selected,
      line,
      isCutOff: this.cutOff(),
      palette,
    };
  }

  private cutOff(): Set<number> {
    const link = this.player.link.value;
    if (link !== this.actionsOf_) {
      this.actions_ = actionsOfLink(link);
      this.actionsOf_ = link;
    }
    const at = this.player.store.shown?.at_ms ?? 0;
    return cutOffAt(this.actions_, at);
  }
}

function countTold(parents: Int32Array): number {
  let count = 0;
  for (const parent of parents) if (parent >= 0) count += 1;
  return count;
}
