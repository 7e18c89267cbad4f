// The pictures of a bench, one or two beside each other, with what can be chosen about them.

import { kLayouts, type LayoutName } from "./layout";
import type { Bench } from "./bench";
import { PictureView } from "./picture_view";
import { Bars, Legend } from "./summary";

function LayoutChoice({ bench }: { bench: Bench }) {
  return (
    <label class="lab-layout quiet">
      Arrange as{" "}
      <select value={bench.layout.value}
        onChange={(event) => { bench.layout.value = event.currentTarget.value as LayoutName; }}>
        {kLayouts.map((each) => <option key={each.name} value={each.name}>{each.title}</option>)}
      </select>
    </label>
  );
}

export function Stage({ bench }: { bench: Bench }) {
  const players = bench.players.value;
  const isDrawn = bench.isDrawn;
  for (const player of players) void player.link.value;
  return (
    <section class="lab-stage card" aria-label="The members">
      <div class="lab-pictures">
        {players.map((player, index) => {
          const name = players.length > 1 ? (index === 0 ? "First run" : "Second run") : "The run";
          return (
            <figure key={index} class="lab-picture">
              {players.length > 1 && <figcaption>{name}{index === 1 && `: ${differences(bench)}`}</figcaption>}
              {isDrawn
                ? <PictureView bench={bench} player={player} name={name} />
                : <Bars bench={bench} player={player} />}
              {isDrawn && <Legend bench={bench} player={player} />}
            </figure>
          );
        })}
      </div>
      {isDrawn && <LayoutChoice bench={bench} />}
      <p class="visually-hidden" role="status" aria-live="polite">{bench.said.value}</p>
    </section>
  );
}

function differences(bench: Bench): string {
  const pairs = Object.entries(bench.link.value.compare ?? {});
  if (pairs.length === 0) return "no difference";
  const titles = bench.experiment.value?.settings ?? [];
  return pairs
    .map(([name, value]) => `${titles.find((each) => each.name === name)?.title ?? name} ${value}`)
    .join(", ");
}
