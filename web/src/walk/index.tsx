// The walk: how gossip works in seven chapters, each with a run to try and a question, and then how to
// build it. The texts can be read by everybody; the runs need a login.
import { useEffect, useMemo } from "preact/hooks";

import { session } from "../daemon/session";
import { Bench } from "../lab/bench";
import { askCatalogue, catalogue, catalogueProblem, openLab } from "../lab/catalogue";
import "../lab/lab.css";
import type { Catalogue } from "../lab/protocol";
import { Build } from "./build";
import type { Chapter } from "./chapter";
import { kChapters } from "./chapters/all";
import { QuestionView } from "./question_view";
import { Simulation } from "./simulation";
import "./walk.css";

function Contents({ current }: { current: string }) {
  const mark = (name: string) => (name === current ? { "aria-current": "page" as const } : {});
  return (
    <nav class="walk-contents" aria-label="Chapters">
      <ol>
        {kChapters.map((chapter, index) => (
          <li key={chapter.name}>
            <a href={`#/walk/${index + 1}`} {...mark(String(index + 1))}>{chapter.title}</a>
          </li>
        ))}
        <li><a href="#/walk/build" {...mark("build")}>Build your own</a></li>
      </ol>
    </nav>
  );
}

function Live({ chapter, things }: { chapter: Chapter; things: Catalogue }) {
  const bench = useMemo(() => new Bench(things, openLab), [things]);
  useEffect(() => () => bench.dispose(), [bench]);
  return (
    <>
      <Simulation chapter={chapter} bench={bench} />
      <AfterRun chapter={chapter} />
      <QuestionView question={chapter.question} bench={bench} />
    </>
  );
}

function AfterRun({ chapter }: { chapter: Chapter }) {
  const { After } = chapter;
  return (
    <>
      <section class="card" aria-label="Something to try">
        <h2>Something to try</h2>
        <ul>{chapter.tries.map((each) => <li key={each}>{each}</li>)}</ul>
      </section>
      <div class="walk-text"><After /></div>
    </>
  );
}

function Unavailable({ chapter }: { chapter: Chapter }) {
  const reason = session.value === null
    ? "Log in to see the run of this chapter: run “grapevine ui” on the host of this daemon."
    : catalogueProblem.value;
  return (
    <>
      <p class="card" role="status">{reason === "" ? "Loading the run …" : reason}</p>
      <AfterRun chapter={chapter} />
    </>
  );
}

function ChapterPage({ chapter, number }: { chapter: Chapter; number: number }) {
  useEffect(() => {
    if (session.value !== null) void askCatalogue();
  }, [session.value]);
  const { Before } = chapter;
  const things = session.value === null ? null : catalogue.value;
  return (
    <article>
      <h1>{number}. {chapter.title}</h1>
      <div class="walk-text"><Before /></div>
      {things === null ? <Unavailable chapter={chapter} /> : <Live chapter={chapter} things={things} />}
      <section class="walk-text quiet" aria-label="Sources">
        <h2>Sources</h2>
        <ul>{chapter.sources.map((each) => <li key={each.title}>{each.title}: {each.where}.</li>)}</ul>
      </section>
      <Neighbours number={number} />
    </article>
  );
}

function Neighbours({ number }: { number: number }) {
  const before = kChapters[number - 2];
  const after = kChapters[number];
  return (
    <nav class="walk-neighbours" aria-label="Next and previous chapter">
      {before !== undefined ? <a href={`#/walk/${number - 1}`}>← {before.title}</a> : <span />}
      {after !== undefined
        ? <a href={`#/walk/${number + 1}`}>{after.title} →</a>
        : <a href="#/walk/build">Build your own →</a>}
    </nav>
  );
}

/** `chapter` is "1" to "7", or "build". */
export default function Walk({ chapter }: { chapter: string }) {
  const number = Number(chapter);
  const found = Number.isInteger(number) ? kChapters[number - 1] : undefined;
  useEffect(() => window.scrollTo(0, 0), [chapter]);
  return (
    <main id="content" tabIndex={-1} class="walk">
      <Contents current={chapter} />
      <div class="walk-page">
        {found !== undefined && <ChapterPage key={found.name} chapter={found} number={number} />}
        {chapter === "build" && <Build />}
        {found === undefined && chapter !== "build" && (
          <>
            <h1>No such chapter</h1>
            <p>There are chapters 1 to {kChapters.length}.</p>
          </>
        )}
      </div>
    </main>
  );
}
