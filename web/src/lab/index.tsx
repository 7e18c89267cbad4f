// The lab: the simulator with the real protocols, driven and watched from the page.
import { useEffect, useMemo } from "preact/hooks";

import { ActPanel } from "./act_panel";
import { Bench } from "./bench";
import { askCatalogue, catalogue, catalogueProblem, openLab } from "./catalogue";
import { Charts } from "./charts_view";
import { Exports } from "./exports_view";
import "./lab.css";
import type { Catalogue } from "./protocol";
import { SettingsForm } from "./settings_form";
import { Stage } from "./stage";
import { Notes, Summary } from "./summary";
import { ResidueSweep } from "./sweep_view";
import { Transport } from "./transport";

/** The address follows the run, so that reload and the bookmark give the same. */
function followAddress(link: string): void {
  history.replaceState(null, "", `${location.pathname}${location.search}#/lab?${link}`);
}

function Bed({ link, things }: { link: string; things: Catalogue }) {
  const bench = useMemo(() => new Bench(things, openLab), [things]);
  useEffect(() => {
    bench.onAddress = followAddress;
    return () => bench.dispose();
  }, [bench]);
  useEffect(() => bench.openLink(link), [bench, link]);
  const hasResidue = bench.experiment.value?.settings.some((each) => each.name === "k") ?? false;
  return (
    <div class="lab-page">
      <section class="lab-left stack">
        <div class="card"><SettingsForm bench={bench} only={null} /></div>
        <ActPanel bench={bench} isShort={false} />
      </section>
      <section class="lab-middle stack">
        <Transport bench={bench} />
        <Stage bench={bench} />
        <Exports bench={bench} />
      </section>
      <section class="lab-right stack" aria-label="Charts">
        <Summary bench={bench} />
        <Charts bench={bench} only={null} />
        {bench.first !== undefined && <Notes player={bench.first} />}
        {hasResidue && <ResidueSweep bench={bench} open={openLab} />}
      </section>
    </div>
  );
}

/** `link` is what stands behind `?` in the address. */
export default function Lab({ link }: { link: string }) {
  useEffect(() => void askCatalogue(), []);
  return (
    <main id="content" tabIndex={-1}>
      <h1>Lab</h1>
      {catalogue.value !== null && <Bed link={link} things={catalogue.value} />}
      {catalogue.value === null && catalogueProblem.value === "" && <p role="status">Loading …</p>}
      <p class="problem" role="alert">{catalogueProblem.value}</p>
    </main>
  );
}
