import type { Route } from "../shell/router";

type OverlayRoute = Extract<Route, { page: "overlay" }>;

/** The pages of one overlay. */
export function OverlayPages({ route }: { route: OverlayRoute }) {
  return <main id="content" tabIndex={-1}><h1>{route.overlay}</h1></main>;
}
