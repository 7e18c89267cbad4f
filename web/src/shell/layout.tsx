// The frame around every page: where we are, where we can go, and how it looks.
import { useEffect } from "preact/hooks";
import { session, logout } from "../daemon/session";
import { Lab, OverlayPages, Overlays, Walk } from "./pages";
import { Confirmation } from "./dialog";
import { Login } from "./login";
import { Notices } from "./notices";
import { kOverlayPages, overlayAddress, route, type OverlayPage, type Route } from "./router";
import { chooseTheme, theme, type Theme } from "./theme";

const kPageNames: Record<OverlayPage, string> = {
  overview: "Overview", members: "Members", events: "Events", state: "State",
  aggregates: "Aggregates", queries: "Queries", sql: "SQL",
};

function ThemeSwitch() {
  return (
    <label class="quiet">
      <span class="visually-hidden">Colours</span>
      <select
        value={theme.value}
        onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}
      >
        <option value="system">Colours of the system</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function OverlayTabs({ overlay, part }: { overlay: string; part: OverlayPage }) {
  return (
    <nav class="tabs" aria-label={`Pages of ${overlay}`}>
      {kOverlayPages.map((each) => (
        <a key={each} href={overlayAddress(overlay, each)}
          {...(each === part ? { "aria-current": "page" as const } : {})}>
          {kPageNames[each]}
        </a>
      ))}
    </nav>
  );
}

function Header({ now }: { now: Route }) {
  const current = (page: Route["page"]) =>
    now.page === page ? { "aria-current": "page" as const } : {};
  return (
    <header class="top">
      <a class="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        document.getElementById("content")?.focus();
      }}>Skip to the content</a>
      <a class="brand" href="#/"><img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="22" height="22" />
        Grapevine</a>
      <nav class="places" aria-label="Places">
        <a href="#/" {...current("overlays")}>Overlays</a>
        {now.page === "overlay" && session.value !== null && (
          <a href={overlayAddress(now.overlay)} aria-current="true">{now.overlay}</a>
        )}
        <a href="#/lab" {...current("lab")}>Lab</a>
        <a href="#/walk/1" {...current("walk")}>Walk</a>
      </nav>
      <span class="spring" />
      <ThemeSwitch />
      {session.value !== null && (
        <button type="button" onClick={() => void logout()}>Log out</button>
      )}
      {now.page === "overlay" && session.value !== null && <OverlayTabs overlay={now.overlay} part={now.part} />}
    </header>
  );
}

function Page({ now }: { now: Route }) {
  if (now.page === "walk") return <Walk chapter={now.chapter} />;
  if (session.value === null) return <Login />;
  switch (now.page) {
    case "overlays":
      return <Overlays />;
    case "overlay":
      return <OverlayPages route={now} />;
    case "lab":
      return <Lab link={now.link} />;
    case "unknown":
      return (
        <main id="content" tabIndex={-1}>
          <h1>No such page</h1>
          <p>There is nothing at <code>{now.address}</code>. <a href="#/">All overlays</a></p>
        </main>
      );
  }
}

export function titleOf(now: Route): string {
  switch (now.page) {
    case "overlay":
      return `${now.member || kPageNames[now.part]} – ${now.overlay} – Grapevine`;
    case "lab":
      return "Lab – Grapevine";
    case "walk":
      return "How gossip works – Grapevine";
    case "overlays":
    case "unknown":
      return "Grapevine";
  }
}

export function Layout() {
  const now = route.value;
  useEffect(() => {
    document.title = titleOf(now);
  }, [now]);
  return (
    <>
      <Header now={now} />
      <Page now={now} />
      <Notices />
      <Confirmation />
    </>
  );
}
