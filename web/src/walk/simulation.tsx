// A run inside the text: the lab's parts without what a chapter does not need.

import { useEffect } from "preact/hooks";

import { ActPanel } from "../lab/act_panel";
import type { Bench } from "../lab/bench";
import { openLab } from "../lab/catalogue";
import { Charts } from "../lab/charts_view";
import { SettingsForm } from "../lab/settings_form";
import { Stage } from "../lab/stage";
import { Notes, Summary } from "../lab/summary";
import { ResidueSweep } from "../lab/sweep_view";
import { Transport } from "../lab/transport";
import type { Chapter } from "./chapter";

export function Simulation({ chapter, bench }: { chapter: Chapter; bench: Bench }) {
  useEffect(() => bench.openLink(chapter.link), [bench, chapter]);
  return (
    <section class="walk-run stack" aria-label="A run to try">
      <Transport bench={bench} />
      <div class="walk-parts">
        <Stage bench={bench} />
        <div class="stack">
          <Charts bench={bench} only={chapter.charts} />
          {chapter.hasNotes === true && bench.first !== undefined && <Notes player={bench.first} />}
          {chapter.hasSweep === true && <ResidueSweep bench={bench} open={openLab} />}
        </div>
      </div>
      <div class="walk-parts">
        <div class="card"><SettingsForm bench={bench} only={chapter.settings} /></div>
        <ActPanel bench={bench} isShort={!bench.allows("partition") || chapter.name === "gossip"} />
      </div>
      <Summary bench={bench} />
      <p>
        <a href={`#/lab?${bench.address.value}`}>Open this run in the lab</a>, with all settings and exports.
      </p>
    </section>
  );
}
