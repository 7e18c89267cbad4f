// Which colours are shown: those of the system, or what the reader chose here.
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const kStorageKey = "grapevine.theme";

function stored(): Theme {
  const value = localStorage.getItem(kStorageKey);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = signal<Theme>("system");

/** Counts changes of the colours; what is drawn on a canvas reads it to draw again. */
export const themeVersion = signal(0);

function apply(): void {
  const root = document.documentElement;
  if (theme.value === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme.value;
  themeVersion.value += 1;
}

export function startTheme(): void {
  theme.value = stored();
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    themeVersion.value += 1;
  });
}

export function chooseTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(kStorageKey, next);
  apply();
}

/** The value of a custom property such as `--status-alive`, for canvases and charts. */
export function themeColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
