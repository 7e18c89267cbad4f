// The address behind `#` says which page is shown, so that links, reload and Back work. Nothing
// of it is sent to the daemon.
import { signal } from "@preact/signals";

export const kOverlayPages = [
  "overview", "members", "events", "state", "aggregates", "queries", "sql",
] as const;
export type OverlayPage = (typeof kOverlayPages)[number];

export type Route =
  | { page: "overlays" }
  | { page: "overlay"; overlay: string; part: OverlayPage; member: string; query: URLSearchParams }
  | { page: "lab"; link: string }
  | { page: "walk"; chapter: string }
  | { page: "unknown"; address: string };

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A half escape is shown as it was typed; no overlay has such a name.
  }
}

function overlayRoute(parts: string[], query: URLSearchParams): Route | null {
  const [overlay, part = "overview", member = ""] = parts;
  if (overlay === undefined || parts.length > 3) return null;
  const known = kOverlayPages.find((each) => each === part);
  if (known === undefined || (member !== "" && known !== "members")) return null;
  return { page: "overlay", overlay, part: known, member, query };
}

/** Reads `#/o/NAME/events?topic=x` and the like; anything else is `unknown`. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#\/?/, "");
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? "" : text.slice(mark + 1);
  const parts = path.split("/").filter((part) => part !== "").map(decoded);
  const [first, ...rest] = parts;
  if (first === undefined) return { page: "overlays" };
  if (first === "lab" && rest.length === 0) return { page: "lab", link: query };
  if (first === "walk" && rest.length <= 1) return { page: "walk", chapter: rest[0] ?? "1" };
  const overlay = first === "o" ? overlayRoute(rest, new URLSearchParams(query)) : null;
  return overlay ?? { page: "unknown", address: hash };
}

/** The address of a page of an overlay, for links. */
export function overlayAddress(overlay: string, part: OverlayPage = "overview", member = ""): string {
  const base = `#/o/${encodeURIComponent(overlay)}`;
  if (member !== "") return `${base}/members/${encodeURIComponent(member)}`;
  return part === "overview" ? base : `${base}/${part}`;
}

const hashNow = typeof location === "undefined" ? "" : location.hash;
export const route = signal<Route>(parseRoute(hashNow));

if (typeof window !== "undefined") {
  window.addEventListener("hashchange", () => {
    route.value = parseRoute(location.hash);
  });
}

export function go(address: string): void {
  location.hash = address;
}
