// "Build your own": the example program, whole and explained.

import { kExampleExplanations } from "./build_words";
import { stepsOf } from "./source_text";

/** The real files, as they are compiled and tested. */
const kSources = import.meta.glob<string>("../../../examples/rumor/*.cpp", {
  query: "?raw", import: "default", eager: true,
});

const kHowToRun = [
  "cmake --preset dev",
  "cmake --build --preset dev --target example_rumor",
  "build/dev/example_rumor         # 20 members, k = 2",
  "build/dev/example_rumor 100 1   # 100 members, k = 1: who is left out?",
].join("\n");

function nameOf(path: string): string {
  return path.replace(/^.*\/examples\//, "examples/");
}

function Source({ path, text }: { path: string; text: string }) {
  const steps = stepsOf(text, kExampleExplanations);
  const count = text.replace(/\n$/, "").split("\n").length;
  return (
    <section aria-label={nameOf(path)}>
      <h2><code>{nameOf(path)}</code>, {count} lines</h2>
      {steps.map((step) => (
        <div key={step.line} class="build-step">
          {step.words !== "" && <p>{step.words}</p>}
          <pre tabIndex={0} aria-label={`Lines from ${step.line}`}>
            {step.lines.map((line, index) => (
              <span key={index}>
                <span class="build-numbers" aria-hidden="true">{String(step.line + index).padStart(4)} </span>
                {line}{"\n"}
              </span>
            ))}
          </pre>
        </div>
      ))}
    </section>
  );
}

export function Build() {
  const sources = Object.entries(kSources).filter(([path]) => !path.includes("_test"));
  return (
    <article>
      <h1>Build your own</h1>
      <div class="walk-text">
        <p>
          You have seen what rumor mongering does. Here is a program that does it, whole, and short enough
          to be read at one sitting. It uses the same code as the daemon: the core of Grapevine knows no
          sockets and no clock. It is told what has arrived and what time it is, and says what is to be
          sent. All that a program of yours adds is the loop around it.
        </p>
        <p>
          It is built with the rest and tested with it. In a clone of the repository:
        </p>
        <pre class="card" tabIndex={0}>{kHowToRun}</pre>
      </div>
      {sources.map(([path, text]) => <Source key={path} path={path} text={text} />)}
    </article>
  );
}
