// What can be done to the members: the tool for the picture, and the same as buttons.

import { useState } from "preact/hooks";

import { actionWords } from "./actions";
import { kClogMs, type Bench, type Tool } from "./bench";
import { memberWords } from "./keys";

const kTools: readonly { tool: Tool; title: string; hint: string }[] = [
  { tool: "select", title: "Look", hint: "A click shows what a member knows." },
  { tool: "rumor", title: "Start a rumor", hint: "A click: this member says something new." },
  { tool: "kill", title: "Kill", hint: "A click: this member falls silent without a goodbye." },
  { tool: "restart", title: "Bring back", hint: "A click: this member starts again, with an empty memory." },
  { tool: "partition", title: "Cut", hint: "Draw a line: the smaller side is cut off from the rest." },
  { tool: "clog", title: "Clog", hint: `Drag from one member to another: what the first sends the second is held for ${kClogMs / 1000} s.` },
];

/** As many as the form adds by default; a round number. */
const kAddedByDefault = 10;

export function Tools({ bench }: { bench: Bench }) {
  const usable = kTools.filter((each) => each.tool === "select" || bench.allows(each.tool));
  const chosen = usable.find((each) => each.tool === bench.tool.value);
  return (
    <fieldset class="lab-tools">
      <legend>What a click does</legend>
      {usable.map(({ tool, title }) => (
        <label key={tool} class="lab-tool">
          <input type="radio" name="lab-tool" checked={bench.tool.value === tool}
            onChange={() => { bench.tool.value = tool; }} />
          {title}
        </label>
      ))}
      <p class="quiet">{chosen?.hint}</p>
    </fieldset>
  );
}

function NumberBox({ label, value, onInput }: {
  label: string; value: number; onInput: (value: number) => void;
}) {
  return (
    <label class="lab-number">
      {label}
      <input type="number" min={0} step={1} value={value}
        onInput={(event) => {
          const number = Number(event.currentTarget.value);
          if (Number.isInteger(number) && number >= 0) onInput(number);
        }} />
    </label>
  );
}

function OneMember({ bench }: { bench: Bench }) {
  const player = bench.first;
  const member = Math.max(0, bench.selected.value);
  if (player === undefined) return null;
  void player.drawn.value;
  const words = memberWords(bench, player, member);
  return (
    <div class="row">
      <NumberBox label="Member" value={member} onInput={(value) => bench.select(value)} />
      {bench.allows("rumor") && (
        <button type="button" onClick={() => bench.act({ do: "rumor", member }, `member ${member} says something new`)}>
          Start a rumor</button>
      )}
      {bench.allows("kill") && (
        <button type="button" onClick={() => bench.act({ do: "kill", member }, `member ${member} is killed`)}>
          Kill</button>
      )}
      {bench.allows("restart") && (
        <button type="button" onClick={() => bench.act({ do: "restart", member }, `member ${member} is back`)}>
          Bring back</button>
      )}
      <span class="quiet">{words}</span>
    </div>
  );
}

function CutOff({ bench }: { bench: Bench }) {
  const count = bench.first?.store.memberCount ?? 0;
  const [from, setFrom] = useState(0);
  const [to, setTo] = useState<number | null>(null);
  void bench.first?.drawn.value;
  // Half of them, unless somebody has said otherwise.
  const last = Math.min(to ?? Math.floor(count / 2) - 1, count - 1);
  const members = Array.from({ length: Math.max(0, last - from + 1) }, (_, index) => from + index);
  return (
    <div class="row">
      <NumberBox label="Members" value={from} onInput={setFrom} />
      <NumberBox label="to" value={last} onInput={setTo} />
      <button type="button" disabled={members.length === 0}
        onClick={() => bench.act({ do: "partition", members }, `${members.length} members are cut off`)}>
        Cut off</button>
    </div>
  );
}

function CutAndHeal({ bench }: { bench: Bench }) {
  const [from, setFrom] = useState(0);
  const [to, setTo] = useState(1);
  const [added, setAdded] = useState(kAddedByDefault);
  return (
    <>
      {bench.allows("partition") && <CutOff bench={bench} />}
      <div class="row">
        {bench.allows("heal") && (
          <button type="button" onClick={() => bench.act({ do: "heal" }, "all cuts are healed")}>Heal all</button>
        )}
        {bench.allows("add") && (
          <>
            <NumberBox label="Add" value={added} onInput={setAdded} />
            <button type="button" onClick={() => bench.act({ do: "add", count: added }, `${added} members are added`)}>
              Add members</button>
          </>
        )}
      </div>
      {bench.allows("clog") && (
        <div class="row">
          <NumberBox label="Link from" value={from} onInput={setFrom} />
          <NumberBox label="to" value={to} onInput={setTo} />
          <button type="button" onClick={() => bench.act({ do: "clog", from, to, for_ms: kClogMs },
            `the link from ${from} to ${to} is clogged`)}>Clog</button>
        </div>
      )}
    </>
  );
}

/** What has been done so far; it is part of the link. */
function Done({ bench }: { bench: Bench }) {
  void bench.first?.link.value;
  const actions = bench.actions();
  if (actions.length === 0) return null;
  return (
    <details class="lab-done">
      <summary>{actions.length === 1 ? "1 action" : `${actions.length} actions`} in this run</summary>
      <ol>
        {actions.slice(-50).map((action, index) => (
          <li key={index}>{(action.at_ms / 1000).toFixed(2)} s: {actionWords(action)}</li>
        ))}
      </ol>
      <button type="button" onClick={() => bench.forgetActions()}>Start again without them</button>
    </details>
  );
}

export function ActPanel({ bench, isShort }: { bench: Bench; isShort: boolean }) {
  void bench.first?.link.value;
  return (
    <section class="card stack" aria-label="Act on the members">
      {bench.isDrawn && <Tools bench={bench} />}
      <OneMember bench={bench} />
      {!isShort && <CutAndHeal bench={bench} />}
      <Done bench={bench} />
    </section>
  );
}
