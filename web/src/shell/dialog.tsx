// Dialogs: the one that asks before something is done, and a frame for forms. The browser's
// <dialog> keeps the focus inside and gives it back.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog(properties: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    // The element is taken out of the page, so the browser does not give the focus back by itself.
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element} class="dialog" aria-labelledby={titleId} onCancel={(event) => {
        event.preventDefault();
        properties.onClose();
      }}
    >
      <header class="row">
        <h2 id={titleId}>{properties.title}</h2>
        <span class="spring" />
        <button type="button" class="plain" aria-label="Close" onClick={properties.onClose}>×</button>
      </header>
      {properties.children}
    </dialog>
  );
}

export interface Question {
  title: string;
  /** What will happen, in a sentence or two. */
  text: string;
  /** The word on the button that does it. */
  button: string;
  isDangerous?: boolean;
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | null>(null);

/** Asks, and gives whether the reader said yes. */
export function confirmed(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

export function Confirmation() {
  const now = asked.value;
  if (now === null) return null;
  return (
    <Dialog title={now.title} onClose={() => now.answer(false)}>
      <p>{now.text}</p>
      <div class="row end">
        <button type="button" autofocus onClick={() => now.answer(false)}>Cancel</button>
        <button type="button" class={now.isDangerous === true ? "danger" : "primary"}
          onClick={() => now.answer(true)}>{now.button}</button>
      </div>
    </Dialog>
  );
}
