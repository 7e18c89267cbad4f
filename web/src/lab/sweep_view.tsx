// The chart of residue against k, with the button that measures it.

import { useEffect, useRef, useState } from "preact/hooks";

import { Plot, type PlotModel } from "../charts/plot";
import { shortNumber } from "../charts/scale";
import { asMessage } from "../daemon/client";
import type { Bench } from "./bench";
import { pagePalette } from "./palette";
import type { OpenSocket } from "./player";
import { residueOf, residueOfCopies } from "./theory";
import { sweepResidue, type Sweep, kSweepSeeds, kSweepValues } from "./sweep";

/** Where the daemon has no theory of the variant that runs: the paper's equations. */
function equations(): [number, number][] {
  return kSweepValues.map((k) => [k, residueOf(k)]);
}

/** `expected` is the theory of the run on the page, until the sweep has that of its own. */
export function sweepModel(sweep: Sweep, expected: Sweep["theory"]): PlotModel {
  const told = sweep.theory.length > 0 ? sweep.theory : expected;
  const theory = told.filter(([k]) => kSweepValues.includes(k));
  return {
    title: "Residue: who never hears",
    xTitle: "k",
    yTitle: "share of members",
    isLog: true,
    xRange: [0, Math.max(...kSweepValues) + 1],
    curves: [
      { name: "theory", points: theory.length > 0 ? theory : equations(), kind: "theory", colour: 0 },
      {
        name: "measured", kind: "measured", colour: 0, isDots: true,
        points: sweep.points.filter((point) => point.runs > 0).map((point) => [point.k, point.residue]),
      },
    ],
  };
}

function Table({ sweep }: { sweep: Sweep }) {
  return (
    <table class="lab-table">
      <thead><tr><th>k</th><th>measured</th><th>theory</th><th>copies per member, m</th><th>e<sup>−m</sup></th></tr></thead>
      <tbody>
        {sweep.points.map((point) => (
          <tr key={point.k}>
            <td class="number">{point.k}</td>
            <td class="number">{shortNumber(point.residue)}</td>
            <td class="number">{shortNumber(sweep.theory.find(([k]) => k === point.k)?.[1] ?? NaN)}</td>
            <td class="number">{shortNumber(point.copies)}</td>
            <td class="number">{shortNumber(residueOfCopies(point.copies))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function ResidueSweep({ bench, open }: { bench: Bench; open: OpenSocket }) {
  const [sweep, setSweep] = useState<Sweep>({ points: [], theory: [] });
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState("");
  const stopper = useRef<AbortController | null>(null);
  useEffect(() => () => stopper.current?.abort(), []);
  const measure = async (): Promise<void> => {
    const controller = new AbortController();
    stopper.current = controller;
    setProblem("");
    setRunning(true);
    try {
      await sweepResidue(open, bench.link.value.settings, setSweep, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) setProblem(asMessage(error));
    }
    setRunning(false);
  };
  void bench.first?.drawn.value;
  const expected = bench.first?.store.started?.theory.residues ?? [];
  const isComplete = sweep.points.length === kSweepValues.length && !isRunning;
  return (
    <figure class="card lab-chart lab-sweep" data-complete={isComplete ? "yes" : "no"}>
      <Plot model={sweepModel(sweep, expected)} colours={pagePalette()} />
      <figcaption class="stack">
        {sweep.points.length > 0 && <Table sweep={sweep} />}
        <div class="row">
          {isRunning ? (
            <button type="button" onClick={() => stopper.current?.abort()}>Stop</button>
          ) : (
            <button type="button" onClick={() => void measure()}>Measure k = 1 to 5</button>
          )}
          <span class="quiet" role="status">
            {isRunning
              ? `k = ${sweep.points.length || 1}, ${kSweepSeeds} runs each …`
              : `Runs these settings ${kSweepSeeds} times for each k, with other seeds.`}
          </span>
        </div>
        <p class="problem" role="alert">{problem}</p>
      </figcaption>
    </figure>
  );
}
