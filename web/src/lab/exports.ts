// A run as files: JSON (all of it), CSV (the points of the charts), SVG (the picture and the charts),
// and a GIF that plays. Each is made from what the page holds; the daemon is not asked.

import { GIFEncoder, applyPalette } from "gifenc";

import { readLink } from "./link";
import { kFlightMs, drawPicture, type Packet, type Scene } from "./picture";
import { scaleColour, type Palette } from "./palette";
import type { LabPlayer } from "./player";
import type { PointSample } from "./run_store";

/** Frames of an animation: 12 seconds at 10 per second. */
export const kAnimationFramesMax = 120;
export const kAnimationPixels = 400;
const kAnimationDelayMs = 100;
/** The last picture stands longer, before the animation begins again. */
const kAnimationEndMs = 2_000;
/** A GIF has at most so many colours. */
const kGifColoursMax = 256;

/** The whole run. Equal runs give equal text. */
export function runJson(player: LabPlayer): string {
  const { store } = player;
  const link = player.link.value;
  const document = {
    link,
    settings: store.started?.settings ?? {},
    actions: readLink(link).settings.actions?.split(";") ?? [],
    members: store.memberCount,
    interval_ms: store.started?.interval_ms ?? 0,
    points: store.samples.map(({ at_ms, round, points }) => ({ at_ms, round, ...points })),
    notes: store.notes,
    notes_left_out: store.notesLeftOut,
    summary: store.ended?.summary ?? null,
    trace_hash: store.ended?.trace_hash ?? null,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** One row per sample; columns are all names of points that occur, in order of the alphabet. */
export function pointsCsv(samples: readonly PointSample[]): string {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample.points)))].sort();
  const rows = samples.map(({ at_ms, round, points }) =>
    [at_ms, round, ...names.map((name) => points[name] ?? "")].join(","),
  );
  return [["at_ms", "round", ...names].join(","), ...rows, ""].join("\r\n");
}

/** `grapevine-rumor-seed7.svg` */
export function fileName(player: LabPlayer, ending: string): string {
  const settings = readLink(player.link.value).settings;
  const name = settings.experiment ?? "run";
  return `grapevine-${name}-seed${settings.seed ?? "0"}.${ending}`.replace(/[^\w.-]/g, "_");
}

/** Which of `count` frames an animation shows: first and last, and the rest evenly between. */
export function animationIndexes(count: number): number[] {
  const shown = Math.min(count, kAnimationFramesMax);
  if (shown <= 1) return shown === 1 ? [0] : [];
  const indexes: number[] = [];
  for (let each = 0; each < shown; each += 1) {
    indexes.push(Math.round((each * (count - 1)) / (shown - 1)));
  }
  return indexes;
}

/** All colours that a picture has, and steps between them and the paper for soft edges. */
export function gifPalette(palette: Palette): [number, number, number][] {
  const own = [palette.ink, palette.grid, palette.selection, ...palette.states, ...palette.packets];
  for (let step = 0; step <= 20; step += 1) own.push(scaleColour(palette.scale, step / 20));
  const paper = channelsOf(palette.paper);
  const colours: [number, number, number][] = [paper];
  for (const colour of new Set(own)) {
    const channels = channelsOf(colour);
    for (const share of [1, 0.75, 0.5, 0.25]) {
      colours.push(
        channels.map((channel, index) =>
          Math.round(channel * share + (paper[index] ?? 0) * (1 - share)),
        ) as [number, number, number],
      );
    }
  }
  return colours.slice(0, kGifColoursMax);
}

function channelsOf(colour: string): [number, number, number] {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** Packets of a frame, half way. */
function halfWay(sent: readonly (readonly [number, number, number])[]): Packet[] {
  return sent.map(([from, to, kind]) => ({ from, to, kind, left: 0, flight: kFlightMs }));
}

/**
 * The kept frames as a GIF. `sceneNow` gives the scene of the frame that the store shows. The store
 * is moved, and put back before this resolves. `context` is of a canvas of kAnimationPixels squared.
 */
export async function animationGif(
  player: LabPlayer,
  sceneNow: () => Scene,
  context: CanvasRenderingContext2D,
): Promise<Uint8Array<ArrayBuffer>> {
  const { store } = player;
  const encoder = GIFEncoder();
  const size = kAnimationPixels;
  let palette: [number, number, number][] | null = null;
  const indexes = animationIndexes(store.frameCount);
  for (const [position, index] of indexes.entries()) {
    const before = store.cursor;
    store.moveTo(index);
    const sent = store.shown?.sent ?? [];
    const scene = { ...sceneNow(), packets: halfWay(sent), selected: -1 };
    drawPicture(context, size, scene, kFlightMs / 2);
    store.moveTo(before);
    palette ??= gifPalette(scene.palette);
    const pixels = context.getImageData(0, 0, size, size).data;
    const isLast = position === indexes.length - 1;
    encoder.writeFrame(applyPalette(pixels, palette), size, size, {
      palette,
      delay: isLast ? kAnimationEndMs : kAnimationDelayMs,
    });
    // The page stays alive between frames.
    if (position % 8 === 7) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  encoder.finish();
  return new Uint8Array(encoder.bytes());
}

/** Gives a file to the user. */
export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The browser has taken the content by then; a minute is more than any save dialogue needs.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
