import { describe, expect, test } from "vitest";
import { kChangesKept, kFramesKept, kMembersMax, kNotesKept, kPointsKept, RunStore } from "./run_store";
import type { Frame, Started } from "./protocol";

function started(members: number): Started {
  return {
    type: "started", link: "experiment=rumor", settings: {}, members, interval_ms: 200,
    theory: { curves: {}, residues: [], numbers: {} }, actions: [],
  };
}

function frame(number: number, changed: [number, number][], more: Partial<Frame> = {}): Frame {
  return {
    type: "frame", number, at_ms: number * 200, round: number, changed, values: [], sent: [],
    sent_total: 0, points: { infected: number }, notes: [], notes_left_out: 0, thinned: 0, ...more,
  };
}

function storeOf(members: number): RunStore {
  const store = new RunStore();
  store.begin(started(members));
  return store;
}

describe("moving through the kept frames", () => {
  test("a frame changes the members it names", () => {
    const store = storeOf(4);
    store.apply(frame(1, [[0, 1], [2, 3]]));
    expect([...store.states]).toEqual([1, 0, 3, 0]);
  });

  test("moving back restores what a frame overwrote", () => {
    const store = storeOf(3);
    store.apply(frame(1, [[0, 1]], { values: [[1, 5]] }));
    store.apply(frame(2, [[0, 2], [1, 1]], { values: [[1, 7]] }));
    store.moveTo(0);
    expect([...store.states]).toEqual([1, 0, 0]);
    expect(store.values[1]).toBe(5);
    store.moveTo(-1);
    expect([...store.states]).toEqual([0, 0, 0]);
  });

  test("a member that changes twice in one frame is restored to what it was before", () => {
    const store = storeOf(2);
    store.apply(frame(1, [[0, 1], [0, 2]]));
    store.moveTo(-1);
    expect(store.states[0]).toBe(0);
  });

  test("back and forth gives the same states as straight on", () => {
    const straight = storeOf(50);
    const wandering = storeOf(50);
    for (let number = 1; number <= 40; number += 1) {
      const each = frame(number, [[(number * 7) % 50, number % 7], [(number * 3) % 50, (number + 2) % 7]]);
      straight.apply(each);
      wandering.moveTo(number % 5);
      wandering.apply(each);
    }
    wandering.moveTo(3);
    wandering.moveTo(39);
    expect([...wandering.states]).toEqual([...straight.states]);
  });

  test("a frame that arrives while the picture is moved back takes it to the end", () => {
    const store = storeOf(2);
    store.apply(frame(1, [[0, 1]]));
    store.moveTo(-1);
    store.apply(frame(2, [[1, 1]]));
    expect([...store.states]).toEqual([1, 1]);
    expect(store.isAtEnd).toBe(true);
  });

  test("the frame of a moment is the last one not later", () => {
    const store = storeOf(1);
    for (let number = 1; number <= 5; number += 1) store.apply(frame(number, []));
    expect(store.indexAt(199)).toBe(-1);
    expect(store.indexAt(200)).toBe(0);
    expect(store.indexAt(799)).toBe(2);
    expect(store.indexAt(99_999)).toBe(4);
  });
});

describe("limits", () => {
  test("one frame more than the limit displaces the oldest", () => {
    const store = storeOf(1);
    for (let number = 1; number <= kFramesKept + 1; number += 1) store.apply(frame(number, []));
    expect(store.frameCount).toBe(kFramesKept);
    expect(store.frameAt(0)?.number).toBe(2);
    expect(store.isAtEnd).toBe(true);
  });

  test("one change more than the limit displaces the oldest frames, never the newest", () => {
    const store = storeOf(10_000);
    const all = Array.from({ length: 10_000 }, (_, member): [number, number] => [member, 1]);
    const frames = kChangesKept / 10_000;
    for (let number = 1; number <= frames; number += 1) store.apply(frame(number, all));
    expect(store.frameCount).toBe(frames);
    store.apply(frame(frames + 1, [[0, 1]]));
    expect(store.frameCount).toBe(frames);
    expect(store.frameAt(frames - 1)?.number).toBe(frames + 1);
  });

  test("points are thinned, and the last one stays", () => {
    const store = storeOf(1);
    for (let number = 1; number <= kPointsKept * 3; number += 1) store.apply(frame(number, []));
    expect(store.samples.length).toBeLessThanOrEqual(kPointsKept);
    expect(store.samples[0]?.round).toBe(1);
    expect(store.samples[store.samples.length - 1]?.round).toBe(kPointsKept * 3);
  });

  test("one note more than the limit displaces the oldest and is counted", () => {
    const store = storeOf(1);
    const notes = Array.from({ length: kNotesKept + 1 }, (_, at) => ({ at_ms: at, kind: "suspected" }));
    store.apply(frame(1, [], { notes }));
    expect(store.notes.length).toBe(kNotesKept);
    expect(store.notes[0]?.at_ms).toBe(1);
    expect(store.notesLeftOut).toBe(1);
  });

  test("a member beyond the limit, or a state that there is not, changes nothing", () => {
    const store = storeOf(2);
    store.apply(frame(1, [[kMembersMax, 1], [-1, 1], [0.5, 1], [1, 7]]));
    expect([...store.states]).toEqual([0, 0]);
  });

  test("members that join during a run make it larger", () => {
    const store = storeOf(2);
    store.apply(frame(1, [[kMembersMax - 1, 6]]));
    expect(store.memberCount).toBe(kMembersMax);
    expect(store.states[kMembersMax - 1]).toBe(6);
  });
});

test("the first to tell a member is its parent", () => {
  const store = storeOf(3);
  store.apply(frame(1, [], {
    notes: [
      { at_ms: 1, kind: "learned", member: 2, from: 0 },
      { at_ms: 2, kind: "learned", member: 2, from: 1 },
    ],
  }));
  expect([...store.parents.subarray(0, 3)]).toEqual([-1, -1, 0]);
});

test("a new run forgets the old one", () => {
  const store = storeOf(5);
  store.apply(frame(1, [[4, 1]]));
  store.begin(started(2));
  expect(store.memberCount).toBe(2);
  expect(store.frameCount).toBe(0);
  expect([...store.states]).toEqual([0, 0]);
});
