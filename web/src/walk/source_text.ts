// The example program of "build your own" as the page shows it: its real source, cut at empty lines
// into steps, each with its explanation.

export interface Step {
  /** Number of its first line, from 1. */
  line: number;
  lines: string[];
  words: string;
}

export interface Explanation {
  /** A piece of the source that the explained step contains. */
  anchor: string;
  words: string;
}

/** Cuts before every line that an explanation is anchored at; what has none belongs to the step above. */
export function stepsOf(source: string, explanations: readonly Explanation[]): Step[] {
  const lines = source.replace(/\n$/, "").split("\n");
  const steps: Step[] = [];
  let waiting = explanations.slice();
  lines.forEach((text, index) => {
    const found = waiting.find((each) => text.includes(each.anchor));
    if (found !== undefined || steps.length === 0) {
      steps.push({ line: index + 1, lines: [], words: found?.words ?? "" });
      waiting = waiting.filter((each) => each !== found);
    }
    steps[steps.length - 1]?.lines.push(text);
  });
  return steps;
}

/** Anchors that the source does not have: the explanation has grown old. */
export function missingAnchors(source: string, explanations: readonly Explanation[]): string[] {
  return explanations.map((each) => each.anchor).filter((anchor) => !source.includes(anchor));
}
