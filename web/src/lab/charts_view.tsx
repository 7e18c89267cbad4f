// The charts of a bench, drawn anew as the runs go on.

import { Plot } from "../charts/plot";
import { themeVersion } from "../shell/theme";
import type { Bench } from "./bench";
import { chartModel, chartNamesOf, type ChartName } from "./charts";
import { pagePalette } from "./palette";

export function Charts({ bench, only }: { bench: Bench; only: readonly ChartName[] | null }) {
  const players = bench.players.value;
  for (const player of players) void player.drawn.value;
  void themeVersion.value;
  const experiment = bench.experiment.value?.name ?? "";
  const names = only ?? chartNamesOf(experiment);
  const colours = pagePalette();
  return (
    <>
      {names.map((name) => (
        <figure key={name} class="card lab-chart">
          <Plot model={chartModel(name, players, experiment)} colours={colours} />
        </figure>
      ))}
    </>
  );
}
