// A run as the page holds it: the state of every member now, the frames that led there, and the
// points of the charts.
//
// Frames are kept with what they overwrote, so that the picture can be moved back and forth without
// asking the daemon. Both are bounded: at most kFramesKept frames and kChangesKept single changes;
// the oldest go first, and then the timeline begins later. Points are bounded by kPointsKept: when
// full, every second one goes, so a chart keeps its shape and loses resolution.
//
// Frames must arrive in order. A frame that arrives while the picture is moved back takes the
// picture to the end first.

import type { Ended, Frame, Note, Points, Started } from "./protocol";
import { kMemberStates } from "./protocol";

export const kFramesKept = 3_000;
export const kChangesKept = 600_000;
export const kPointsKept = 2_000;
export const kNotesKept = 2_000;
/** As many members as the largest run has; a frame that names others is cut. */
export const kMembersMax = 20_000;

export interface KeptFrame {
  frame: Frame;
  /** [member, state before]; applied in reverse order this takes the frame back. */
  statesBefore: [number, number][];
  valuesBefore: [number, number][];
}

export interface PointSample {
  at_ms: number;
  round: number;
  points: Points;
}

function changesOf(kept: KeptFrame): number {
  return kept.statesBefore.length + kept.valuesBefore.length + kept.frame.sent.length;
}

export class RunStore {
  started: Started | null = null;
  ended: Ended | null = null;
  samples: PointSample[] = [];
  notes: Note[] = [];
  /** Notes that were displaced or never sent. */
  notesLeftOut = 0;
  /** Frames that the daemon merged because this page did not keep up. */
  thinned = 0;
  /** The range that the numbers of members had at the beginning; null if they have none. */
  valueRange: { least: number; most: number } | null = null;
  /** Who told whom first: parent of each member, -1 if none. For the force layout. */
  parents = new Int32Array(0);

  private states_ = new Uint8Array(0);
  private values_ = new Float64Array(0);
  private memberCount_ = 0;
  private frames_: KeptFrame[] = [];
  private changesKept_ = 0;
  /** Index of the frame that the picture shows; -1: what was before the first kept frame. */
  private cursor_ = -1;
  private sampleEvery_ = 1;
  private samplesSeen_ = 0;

  /** Begins anew; with the same `started` as before it is the same run, told from elsewhere. */
  begin(started: Started): void {
    if (started !== this.started) this.valueRange = null;
    this.started = started;
    this.ended = null;
    this.samples = [];
    this.notes = [];
    this.notesLeftOut = 0;
    this.thinned = 0;
    this.frames_ = [];
    this.changesKept_ = 0;
    this.cursor_ = -1;
    this.sampleEvery_ = 1;
    this.samplesSeen_ = 0;
    this.memberCount_ = 0;
    this.states_ = new Uint8Array(0);
    this.values_ = new Float64Array(0);
    this.parents = new Int32Array(0);
    this.grow(started.members);
  }

  end(ended: Ended): void {
    this.ended = ended;
  }

  get memberCount(): number {
    return this.memberCount_;
  }

  /** State per member as of the frame shown; a view, valid until the next call. */
  get states(): Uint8Array {
    return this.states_.subarray(0, this.memberCount_);
  }

  get values(): Float64Array {
    return this.values_.subarray(0, this.memberCount_);
  }

  get frameCount(): number {
    return this.frames_.length;
  }

  get cursor(): number {
    return this.cursor_;
  }

  get isAtEnd(): boolean {
    return this.cursor_ === this.frames_.length - 1;
  }

  /** The frame shown, or null before the first. */
  get shown(): Frame | null {
    return this.frames_[this.cursor_]?.frame ?? null;
  }

  frameAt(index: number): Frame | null {
    return this.frames_[index]?.frame ?? null;
  }

  apply(frame: Frame): void {
    this.moveTo(this.frames_.length - 1);
    const kept: KeptFrame = { frame, statesBefore: [], valuesBefore: [] };
    for (const [member, state] of frame.changed) {
      if (!this.admit(member) || state < 0 || state >= kMemberStates) continue;
      kept.statesBefore.push([member, this.states_[member] ?? 0]);
      this.states_[member] = state;
    }
    for (const [member, value] of frame.values) {
      if (!this.admit(member)) continue;
      kept.valuesBefore.push([member, this.values_[member] ?? 0]);
      this.values_[member] = value;
    }
    this.valueRange ??= this.rangeOf(frame);
    this.frames_.push(kept);
    this.changesKept_ += changesOf(kept);
    this.cursor_ = this.frames_.length - 1;
    this.thinned += frame.thinned;
    this.keepSample(frame);
    this.keepNotes(frame);
    this.dropOldest();
  }

  /** Shows the state after the frame of this index; clamped, -1 is the state before all. */
  moveTo(index: number): void {
    const target = Math.max(-1, Math.min(index, this.frames_.length - 1));
    while (this.cursor_ > target) this.undo();
    while (this.cursor_ < target) this.redo();
  }

  /** The last frame that is not later than this moment; -1 if none. */
  indexAt(atMs: number): number {
    let low = 0;
    let high = this.frames_.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.frames_[middle]?.frame.at_ms ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Members per state, as of the frame shown. */
  countStates(): number[] {
    const counts = new Array<number>(kMemberStates).fill(0);
    for (const state of this.states) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  private undo(): void {
    const kept = this.frames_[this.cursor_];
    if (kept === undefined) return;
    for (const [member, state] of kept.statesBefore.slice().reverse()) this.states_[member] = state;
    for (const [member, value] of kept.valuesBefore.slice().reverse()) this.values_[member] = value;
    this.cursor_ -= 1;
  }

  private redo(): void {
    const kept = this.frames_[this.cursor_ + 1];
    if (kept === undefined) return;
    for (const [member, state] of kept.frame.changed) {
      if (member < this.memberCount_ && state >= 0 && state < kMemberStates) {
        this.states_[member] = state;
      }
    }
    for (const [member, value] of kept.frame.values) {
      if (member < this.memberCount_) this.values_[member] = value;
    }
    this.cursor_ += 1;
  }

  private rangeOf(frame: Frame): { least: number; most: number } | null {
    if (frame.values.length === 0) return null;
    // Members whose number is 0 from the beginning are in no list.
    const hasZero = frame.values.length < this.memberCount_;
    let least = hasZero ? 0 : Infinity;
    let most = hasZero ? 0 : -Infinity;
    for (const [, value] of frame.values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return { least, most };
  }

  private admit(member: number): boolean {
    if (!Number.isInteger(member) || member < 0 || member >= kMembersMax) return false;
    if (member >= this.memberCount_) this.grow(member + 1);
    return true;
  }

  private grow(count: number): void {
    const bounded = Math.min(count, kMembersMax);
    if (bounded > this.states_.length) {
      const room = Math.min(kMembersMax, Math.max(bounded, this.states_.length * 2));
      const states = new Uint8Array(room);
      states.set(this.states_);
      const values = new Float64Array(room);
      values.set(this.values_);
      const parents = new Int32Array(room).fill(-1);
      parents.set(this.parents);
      this.states_ = states;
      this.values_ = values;
      this.parents = parents;
    }
    this.memberCount_ = Math.max(this.memberCount_, bounded);
  }

  private keepSample(frame: Frame): void {
    const sample = { at_ms: frame.at_ms, round: frame.round, points: frame.points };
    this.samplesSeen_ += 1;
    // What is between two kept samples replaces the last one, so the chart always ends now.
    if (this.samples.length > 1 && this.samplesSeen_ % this.sampleEvery_ !== 0) {
      this.samples[this.samples.length - 1] = sample;
      return;
    }
    this.samples.push(sample);
    if (this.samples.length <= kPointsKept) return;
    this.samples = this.samples.filter((_, index) => index % 2 === 0);
    this.sampleEvery_ *= 2;
  }

  private keepNotes(frame: Frame): void {
    this.notesLeftOut += frame.notes_left_out;
    for (const note of frame.notes) {
      this.notes.push(note);
      this.rememberParent(note);
    }
    const surplus = this.notes.length - kNotesKept;
    if (surplus <= 0) return;
    this.notes.splice(0, surplus);
    this.notesLeftOut += surplus;
  }

  private rememberParent(note: Note): void {
    if (note.kind !== "learned" || note.member === undefined || note.from === undefined) return;
    if (!this.admit(note.member) || !this.admit(note.from)) return;
    if (this.parents[note.member] === -1) this.parents[note.member] = note.from;
  }

  private dropOldest(): void {
    let surplus = 0;
    while (
      this.frames_.length - surplus > kFramesKept ||
      (this.changesKept_ > kChangesKept && this.frames_.length - surplus > 1)
    ) {
      const oldest = this.frames_[surplus];
      if (oldest === undefined) break;
      this.changesKept_ -= changesOf(oldest);
      surplus += 1;
    }
    if (surplus === 0) return;
    this.frames_.splice(0, surplus);
    this.cursor_ -= surplus;
  }
}
