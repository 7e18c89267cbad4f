// Pages that are loaded when they are opened, so that the first page is light.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asMessage } from "../daemon/client";

type Loader<P> = () => Promise<{ default: ComponentType<P> }>;

/** A component that fetches the real one when it is first shown. */
export function later<P extends object>(load: Loader<P>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Later(properties: P) {
    const [, setReady] = useState(loaded !== null);
    const [problem, setProblem] = useState("");
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (module) => {
          loaded = module.default;
          setReady(true);
        },
        (error: unknown) => setProblem(asMessage(error)),
      );
    }, []);
    if (loaded !== null) {
      const Page = loaded;
      return <Page {...properties} />;
    }
    return problem === "" ? <p role="status">Loading …</p> : <p class="problem" role="alert">{problem}</p>;
  };
}
