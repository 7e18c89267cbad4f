import { expect, test, vi } from "vitest";
import { FakeLabSocket, kFakeCatalogue } from "./fake_lab";
import { Bench } from "./bench";
import { animationIndexes, gifPalette, kAnimationFramesMax, pointsCsv, runJson } from "./exports";
import { kLightPalette } from "./palette";
import { pictureSvg } from "./picture";
import { kRequestsWaitingMax, LabPlayer, runToEnd } from "./player";
import { readMessage } from "./protocol";
import { SceneMaker } from "./scene";
import { kSweepSeeds, kSweepValues, sweepLink, sweepResidue, type Sweep } from "./sweep";

const kLink = "experiment=rumor&members=60&seed=7&k=2";

function open(): FakeLabSocket {
  return new FakeLabSocket(1);
}

function picture(player: LabPlayer): string {
  return pictureSvg(new SceneMaker(player).scene("circle", kLightPalette, [], -1, null), 400, "run");
}

test("a run plays to its end and tells its hash", async () => {
  const { ended, store } = await runToEnd(open, kLink);
  expect(ended.trace_hash).toMatch(/^[0-9a-f]{16}$/);
  expect(store.countStates()[1]).toBe(0);
});

test("the same link gives the same hash, the same file and the same picture", async () => {
  const runs: { hash: string; json: string; svg: string }[] = [];
  for (let run = 0; run < 2; run += 1) {
    const player = new LabPlayer(open);
    const ended = new Promise<string>((resolve) => {
      player.onEnded = (message) => resolve(message.trace_hash);
    });
    player.onStarted = () => player.play();
    player.start(kLink);
    const hash = await ended;
    runs.push({ hash, json: runJson(player), svg: picture(player) });
    player.close();
  }
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]?.svg).toContain("<circle");
});

test("at high speed a run is played round by round, so that no round is missing", async () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.speed.value = 1_000;
  const ended = new Promise<void>((resolve) => { player.onEnded = () => resolve(); });
  player.onStarted = () => player.play();
  player.start(kLink);
  await ended;
  const rounds = player.store.samples.map((sample) => sample.round);
  expect(rounds).toEqual(Array.from({ length: rounds.length }, (_, round) => round));
  expect(socket.received.some((request) => request.type === "play")).toBe(false);
  player.close();
});

test("pause ends the steps, play goes on with them", async () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.speed.value = 10;
  player.onStarted = () => player.play();
  player.start(kLink.replace("k=2", "k=20"));
  await vi.waitFor(() => expect(player.store.frameCount).toBeGreaterThan(3));
  player.pause();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const steps = socket.received.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(socket.received.length).toBe(steps);
  expect(player.phase.value).toBe("paused");
  player.play();
  await vi.waitFor(() => expect(player.phase.value).toBe("ended"));
  player.close();
});

test("a moment that is kept no more is asked for", () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.start(kLink);
  socket.onopen?.(undefined as never);
  socket.emit({ type: "started", link: kLink, members: 60, interval_ms: 200 });
  socket.emit({ type: "frame", number: 3, at_ms: 400, changed: [[1, 1]] });
  player.seek(500);
  expect(socket.received.map((request) => request.type)).toEqual(["start"]);
  player.seek(0);
  expect(socket.received[1]).toEqual({ type: "seek", at_ms: 0 });
  expect(player.phase.value).toBe("seeking");
  socket.emit({ type: "frame", number: 1, at_ms: 0, changed: [[0, 1]] });
  expect(player.phase.value).toBe("paused");
  expect([...player.store.states.subarray(0, 2)]).toEqual([1, 0]);
  player.close();
});

test("an action after the end lets the run go on", () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.start(kLink);
  socket.onopen?.(undefined as never);
  socket.emit({ type: "ended", at_ms: 400, trace_hash: "0", link: kLink, summary: {} });
  expect(player.phase.value).toBe("ended");
  socket.emit({ type: "acted", action: "400:rumor:5", link: `${kLink}&actions=400:rumor:5` });
  expect(player.phase.value).toBe("paused");
  expect(player.store.ended).toBeNull();
  player.close();
});

test("slower than a frame per round the daemon plays", async () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.onStarted = () => player.play();
  player.start(kLink);
  await vi.waitFor(() => expect(player.phase.value).toBe("ended"));
  expect(socket.received.map((request) => request.type)).toEqual(["start", "play"]);
  player.close();
});

test("a refused run rejects in the daemon's words", async () => {
  await expect(runToEnd(open, "experiment=rumor&members=1")).rejects.toThrow("members: from 2. Give more.");
});

test("an aborted run rejects", async () => {
  const controller = new AbortController();
  const run = runToEnd(open, kLink, controller.signal);
  controller.abort();
  await expect(run).rejects.toThrow("stopped");
});

test("requests before the socket is open wait, up to a limit", () => {
  const socket = new FakeLabSocket();
  const player = new LabPlayer(() => socket);
  player.start(kLink);
  for (let each = 0; each < kRequestsWaitingMax + 5; each += 1) player.act({ do: "heal" });
  expect(socket.received.length).toBe(0);
  socket.onopen?.(undefined as never);
  expect(socket.received.length).toBe(kRequestsWaitingMax);
  player.close();
});

test("a lost connection is said, and the next start opens another socket", () => {
  const sockets: FakeLabSocket[] = [];
  const player = new LabPlayer(() => {
    const socket = open();
    sockets.push(socket);
    return socket;
  });
  player.start(kLink);
  sockets[0]?.onopen?.(undefined as never);
  sockets[0]?.onclose?.({ reason: "" } as never);
  expect(player.phase.value).toBe("lost");
  expect(player.problem.value).toContain("connection");
  player.start(kLink);
  expect(sockets.length).toBe(2);
  player.close();
});

test("a socket that is refused is said to be one run too many", () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.start(kLink);
  socket.onclose?.({ reason: "" } as never);
  expect(player.phase.value).toBe("lost");
  expect(player.problem.value).toContain("only a few at a time");
});

test("what is not understood is counted and changes nothing", () => {
  const socket = open();
  const player = new LabPlayer(() => socket);
  player.start(kLink);
  for (const text of ["", "[]", "{\"type\":\"unheard\"}", "nonsense"]) socket.onmessage?.({ data: text } as never);
  expect(player.refused).toBe(4);
  expect(player.store.frameCount).toBe(0);
  player.close();
});

test("a frame with garbage in it is read without the garbage", () => {
  const message = readMessage(JSON.stringify({
    type: "frame", number: 1, at_ms: "soon", changed: [[1, 2], [1], "x", [1, null]], points: { a: 1, b: "2" },
    sent: 7, notes: [{ kind: "learned", member: 1 }, { member: 2 }, null],
  }));
  expect(message).toMatchObject({ at_ms: 0, changed: [[1, 2]], points: { a: 1 }, sent: [] });
  expect(message?.type === "frame" && message.notes.length).toBe(1);
});

test("theory is read by shape: numbers, curves, residues", () => {
  const message = readMessage(JSON.stringify({
    type: "started", link: "l", members: 2, interval_ms: 200,
    theory: { infected: [[0, 0.1], [1, 0.2]], residue: 0.0367, residues: [[1, 0.174]], rounds: null },
  }));
  expect(message?.type === "started" && message.theory).toEqual({
    curves: { infected: [[0, 0.1], [1, 0.2]] }, residues: [[1, 0.174]], numbers: { residue: 0.0367 },
  });
});

test("an action is done to both runs of a comparison, and is in the address", async () => {
  vi.useFakeTimers();
  const sockets: FakeLabSocket[] = [];
  const bench = new Bench(kFakeCatalogue, () => {
    const socket = new FakeLabSocket();
    sockets.push(socket);
    return socket;
  });
  bench.openLink(`${kLink}&compare=k:4`);
  await vi.advanceTimersByTimeAsync(10);
  bench.act({ do: "kill", member: 3 }, "killed");
  await vi.advanceTimersByTimeAsync(1);
  expect(sockets.map((socket) => socket.received[1])).toEqual(
    [0, 1].map(() => ({ type: "act", do: "kill", member: 3 })),
  );
  expect(bench.address.value).toContain("actions=0:kill:3");
  expect(bench.address.value).toContain("compare=k:4");
  expect(bench.players.value[1]?.link.value).toContain("k=4");
  bench.dispose();
  vi.useRealTimers();
});

test("a setting that is wrong is refused in words and starts nothing", async () => {
  vi.useFakeTimers();
  const socket = new FakeLabSocket();
  const bench = new Bench(kFakeCatalogue, () => socket);
  bench.openLink(kLink);
  await vi.advanceTimersByTimeAsync(10);
  bench.setSetting("members", "1");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bench.problem.value).toContain("from 2 to 10000");
  expect(socket.received.length).toBe(1);
  bench.setSetting("members", "80");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.received.length).toBe(2);
  bench.dispose();
  vi.useRealTimers();
});

test("the sweep runs every k with several seeds and without actions", async () => {
  expect(sweepLink({ experiment: "rumor", seed: "7", k: "9", actions: "0:kill:1" }, 3, 2))
    .toBe("experiment=rumor&seed=9&k=3");
  let last: Sweep = { points: [], theory: [] };
  await sweepResidue(open, { experiment: "rumor", members: "30" }, (sweep) => { last = sweep; },
    new AbortController().signal);
  expect(last.points.map((point) => point.k)).toEqual([...kSweepValues]);
  expect(last.points.every((point) => point.runs === kSweepSeeds)).toBe(true);
  expect(last.theory[0]).toEqual([1, 0.174]);
});

test("the table of points has one column per name, also of names that come later", () => {
  const csv = pointsCsv([
    { at_ms: 0, round: 0, points: { infected: 0.5 } },
    { at_ms: 200, round: 1, points: { bytes_per_member: 40, infected: 0.75 } },
  ]);
  expect(csv).toBe("at_ms,round,bytes_per_member,infected\r\n0,0,,0.5\r\n200,1,40,0.75\r\n");
});

test("an animation has at most its limit of pictures, with the first and the last", () => {
  expect(animationIndexes(0)).toEqual([]);
  expect(animationIndexes(1)).toEqual([0]);
  expect(animationIndexes(kAnimationFramesMax).length).toBe(kAnimationFramesMax);
  const many = animationIndexes(kAnimationFramesMax + 1);
  expect(many.length).toBe(kAnimationFramesMax);
  expect([many[0], many[many.length - 1]]).toEqual([0, kAnimationFramesMax]);
});

test("the colours of an animation fit into a GIF and begin with the paper", () => {
  const colours = gifPalette(kLightPalette);
  expect(colours.length).toBeLessThanOrEqual(256);
  expect(colours[0]).toEqual([255, 255, 255]);
});
