// The pages of one overlay, and the store that they share for as long as one of them is shown.
import { useEffect, useState } from "preact/hooks";
import { OverlayStore } from "../daemon/overlay_store";
import { later } from "../shell/later";
import type { Route } from "../shell/router";
import { counted } from "../shell/words";
import { Overview } from "./overview";
import "./pages.css";

type OverlayRoute = Extract<Route, { page: "overlay" }>;
export interface PageProperties {
  store: OverlayStore;
  route: OverlayRoute;
}

const Members = later<PageProperties>(() => import("./members"));
const MemberPage = later<PageProperties>(() => import("./member"));
const Events = later<PageProperties>(() => import("./events"));
const State = later<PageProperties>(() => import("./state"));
const Aggregates = later<PageProperties>(() => import("./aggregates"));
const Queries = later<PageProperties>(() => import("./queries"));
const Sql = later<PageProperties>(() => import("./sql"));

function Connection({ store }: { store: OverlayStore }) {
  const state = store.stream.state.value;
  const problem = store.problem.value;
  const missed = store.missed.value;
  return (
    <div role="status" class="connection">
      {problem !== "" && <p class="banner problem">{problem}</p>}
      {problem === "" && state === "waiting" && (
        <p class="banner">The connection to the daemon is lost; trying again. What is shown may be old.</p>
      )}
      {store.overlay.value?.state === "left" && (
        <p class="banner">This daemon has left {store.name}, and is silent in it until it starts again.</p>
      )}
      {missed.times > 0 && (
        <p class="banner row">
          <span>
            This page could not keep up: {missed.isExact ? "" : "at least "}
            {counted(missed.items, "item")} {missed.items === 1 ? "was" : "were"} left out. The list of
            members has been read anew.
          </span>
          <button type="button" onClick={() => {
            store.missed.value = { items: 0, isExact: true, times: 0 };
          }}>Understood</button>
        </p>
      )}
    </div>
  );
}

function PartOf(properties: PageProperties) {
  switch (properties.route.part) {
    case "overview": return <Overview {...properties} />;
    case "members":
      return properties.route.member === "" ? <Members {...properties} /> : <MemberPage {...properties} />;
    case "events": return <Events {...properties} />;
    case "state": return <State {...properties} />;
    case "aggregates": return <Aggregates {...properties} />;
    case "queries": return <Queries {...properties} />;
    case "sql": return <Sql {...properties} />;
  }
}

export function OverlayPages({ route }: { route: OverlayRoute }) {
  const [store, setStore] = useState<OverlayStore | null>(null);
  useEffect(() => {
    const made = new OverlayStore(route.overlay);
    made.start();
    setStore(made);
    return () => made.stop();
  }, [route.overlay]);
  if (store === null || store.name !== route.overlay) {
    return <main id="content" tabIndex={-1}><p role="status">Loading …</p></main>;
  }
  return (
    <main id="content" tabIndex={-1}>
      <Connection store={store} />
      <PartOf store={store} route={route} />
    </main>
  );
}
