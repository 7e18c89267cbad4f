// A question that is answered by experiment: the reader answers first, then the run speaks.

import { useEffect, useState } from "preact/hooks";

import type { Bench } from "../lab/bench";
import { kSpeedMost } from "../lab/player";
import type { Question } from "./chapter";

export interface Verdict {
  isRight: boolean;
  text: string;
}

/** What the run says to an answer; null if it does not say yet. */
export function judge(question: Question, answer: string, measured: number | string | null): Verdict | null {
  if (measured === null) return null;
  const said = question.measured(measured);
  const { answer: kind } = question;
  const isRight =
    kind.kind === "number"
      ? answer.trim() !== "" && kind.isNear(Number(answer.replace(",", ".")), Number(measured))
      : answer === measured;
  return { isRight, text: said };
}

function AnswerField({ question, answer, onAnswer }: {
  question: Question; answer: string; onAnswer: (answer: string) => void;
}) {
  const { answer: kind } = question;
  if (kind.kind === "number") {
    return (
      <label class="row">
        Your answer
        <input class="walk-answer" inputMode="decimal" value={answer}
          onInput={(event) => onAnswer(event.currentTarget.value)} />
        {kind.unit}
      </label>
    );
  }
  return (
    <fieldset class="lab-tools">
      <legend>Your answer</legend>
      {kind.choices.map((choice) => (
        <label key={choice.value} class="lab-tool">
          <input type="radio" name="walk-answer" checked={answer === choice.value}
            onChange={() => onAnswer(choice.value)} />
          {choice.title}
        </label>
      ))}
    </fieldset>
  );
}

/** Sets the run of the question and plays it to its end as fast as the daemon can. */
function runIt(bench: Bench, link: string): void {
  bench.openLink(link);
  for (const player of bench.players.value) {
    player.speed.value = kSpeedMost;
    player.onStarted = () => {
      player.onStarted = () => undefined;
      player.play();
    };
  }
}

export function QuestionView({ question, bench }: { question: Question; bench: Bench }) {
  const [answer, setAnswer] = useState("");
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    setAnswer("");
    setAsked(false);
  }, [question]);
  for (const player of bench.players.value) void player.drawn.value;
  const hasEnded = bench.players.value.every((player) => player.phase.value === "ended");
  const runs = bench.players.value.map((player) => player.store);
  const measured = isAsked && hasEnded ? question.measure(runs) : null;
  const verdict = judge(question, answer, measured);
  const check = (): void => {
    setAsked(true);
    runIt(bench, question.link);
  };
  return (
    <section class="card stack walk-question" aria-label="A question">
      <h2>A question to answer by experiment</h2>
      <p>{question.text}</p>
      <AnswerField question={question} answer={answer} onAnswer={setAnswer} />
      <div class="row">
        <button type="button" class="primary" disabled={answer === ""} onClick={check}>
          Run it and check my answer
        </button>
        {isAsked && !hasEnded && <span class="quiet" role="status">The run is under way …</span>}
      </div>
      <div role="status" class="walk-verdict" data-right={verdict === null ? "" : String(verdict.isRight)}>
        {verdict !== null && (
          <>
            <p><b>{verdict.isRight ? "✓ Right." : "✗ Not quite."}</b> {verdict.text}</p>
            <p>{question.explanation}</p>
          </>
        )}
        {isAsked && hasEnded && measured === null && (
          <p>This run does not say it. Set the run above as the question has it, and check again.</p>
        )}
      </div>
    </section>
  );
}
