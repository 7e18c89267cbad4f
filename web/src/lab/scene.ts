// From a run and what the reader has chosen to the scene that is drawn.

import { actionsOfLink, cutOffAt, type TimedAction } from './actions';
import { layoutOf, markRadius, type LayoutName } from './layout';
import type { Palette } from './palette';
import type { Packet, Scene, ValueScale } from './picture';
import type { LabPlayer } from './player';

/** Experiments whose members are coloured by a number. */
const kByValue = new Set(['average', 'sync']);

export class SceneMaker {
  private positions_: Float32Array = new Float32Array(0);
  private positionsFor_ = '';
  private actions_: TimedAction[] = [];
  private actionsOf_ = '';
  private scale_: ValueScale = { least: 0, most: 0 };
  private scaleOf_: unknown = null;

  constructor(readonly player: LabPlayer) {}

  positions(layout: LayoutName): Float32Array {
    const { store } = this.player;
    // The force layout follows the tree of who told whom, but not every frame: only as it doubles.
    const told = layout === 'force' ? Math.ceil(Math.log2(1 + countTold(store.parents))) : 0;
    const wanted = `${layout} ${store.memberCount} ${told} ${store.started?.link ?? ''}`;
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
    line: Scene['line'],
  ): Scene {
    const { store } = this.player;
    const experiment = String(store.started?.settings.experiment ?? this.experiment());
    const isByValue = kByValue.has(experiment);
    return {
      positions: this.positions(layout),
      states: store.states,
      values: isByValue ? store.values : null,
      scale: isByValue ? this.scale() : this.scale_,
      packets,
      radius: markRadius(store.memberCount, layout),
      selected,
      line,
      isCutOff: this.cutOff(),
      palette,
    };
  }

  experiment(): string {
    return new URLSearchParams(this.player.link.value).get('experiment') ?? '';
  }

  /** Numbers are coloured over the range that they had at the beginning of the run. */
  private scale(): ValueScale {
    const { store } = this.player;
    if (this.scaleOf_ === store.started || store.frameCount === 0) return this.scale_;
    const first = store.frameAt(0);
    if (first === null || first.values.length === 0) return this.scale_;
    let least = Infinity;
    let most = -Infinity;
    for (const [, value] of first.values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    // Members whose number is 0 from the beginning are in no list.
    if (first.values.length < store.memberCount) {
      least = Math.min(least, 0);
      most = Math.max(most, 0);
    }
    if (this.experiment() === 'sync') least = 0;
    this.scale_ = { least, most };
    this.scaleOf_ = store.started;
    return this.scale_;
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
