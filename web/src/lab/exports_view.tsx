// The link of a run, and the run as files.

import { useState } from "preact/hooks";

import { plotNode, svgText } from "../charts/plot";
import { asMessage } from "../daemon/client";
import type { Bench } from "./bench";
import { chartModel, chartNamesOf } from "./charts";
import { animationGif, download, fileName, kAnimationPixels, pointsCsv, runJson } from "./exports";
import { pagePalette } from "./palette";
import { pictureSvg } from "./picture";
import type { LabPlayer } from "./player";
import { SceneMaker } from "./scene";

/** Pixels of an exported picture. */
const kSvgPixels = 800;

function pageAddress(link: string): string {
  return `${location.origin}${location.pathname}#/lab?${link}`;
}

export function CopyLink({ bench }: { bench: Bench }) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    const address = pageAddress(bench.address.value);
    try {
      await navigator.clipboard.writeText(address);
      setSaid("Copied.");
    } catch {
      // Pages without TLS on another host may not write the clipboard: the reader copies by hand.
      setSaid(address);
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()} disabled={bench.address.value === ""}>
        Copy the link of this run
      </button>
      <span class="lab-link quiet" role="status">{said}</span>
    </>
  );
}

export function pictureOf(bench: Bench, player: LabPlayer): string {
  const scene = new SceneMaker(player).scene(bench.layout.value, pagePalette(), [], -1, null);
  return pictureSvg(scene, kSvgPixels, player.link.value);
}

function saveCharts(bench: Bench, player: LabPlayer): void {
  const experiment = bench.experiment.value?.name ?? "";
  for (const name of chartNamesOf(experiment)) {
    const node = plotNode(chartModel(name, bench.players.value, experiment), pagePalette());
    download(fileName(player, `${name}.svg`), "image/svg+xml", svgText(node));
  }
}

async function saveAnimation(bench: Bench, player: LabPlayer): Promise<void> {
  const canvas = document.createElement("canvas");
  canvas.width = kAnimationPixels;
  canvas.height = kAnimationPixels;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser gives no canvas to draw the animation on.");
  bench.pause();
  const maker = new SceneMaker(player);
  const scene = () => maker.scene(bench.layout.value, pagePalette(), [], -1, null);
  const file = await animationGif(player, scene, context);
  download(fileName(player, "gif"), "image/gif", file);
}

function ExportButtons({ bench, player }: { bench: Bench; player: LabPlayer }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  void player.drawn.value;
  const hasFrames = player.store.frameCount > 0;
  const animate = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await saveAnimation(bench, player);
    } catch (error) {
      setProblem(asMessage(error));
    }
    setBusy(false);
  };
  const text = (ending: string, type: string, content: () => string) => (
    <button type="button" disabled={!hasFrames} onClick={() => download(fileName(player, ending), type, content())}>
      {ending.toUpperCase()}
    </button>
  );
  return (
    <>
      {text("json", "application/json", () => runJson(player))}
      {text("csv", "text/csv", () => pointsCsv(player.store.samples))}
      <button type="button" disabled={!hasFrames || !bench.isDrawn}
        onClick={() => download(fileName(player, "svg"), "image/svg+xml", pictureOf(bench, player))}>
        Picture (SVG)</button>
      <button type="button" disabled={!hasFrames} onClick={() => saveCharts(bench, player)}>Charts (SVG)</button>
      <button type="button" disabled={!hasFrames || !bench.isDrawn || isBusy} onClick={() => void animate()}>
        {isBusy ? "Drawing …" : "Animation (GIF)"}</button>
      <span class="problem" role="alert">{problem}</span>
    </>
  );
}

export function Exports({ bench }: { bench: Bench }) {
  const players = bench.players.value;
  return (
    <section class="card stack" aria-label="Keep this run">
      <div class="row"><CopyLink bench={bench} /></div>
      {players.map((player, index) => (
        <div key={index} class="row" role="group" aria-label="Save as a file">
          <span class="quiet">{players.length > 1 ? (index === 0 ? "First run:" : "Second run:") : "Save:"}</span>
          <ExportButtons bench={bench} player={player} />
        </div>
      ))}
    </section>
  );
}
