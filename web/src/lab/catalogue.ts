// What can be tried, asked from the daemon once per page.

import { signal } from "@preact/signals";

import { asMessage, openSocket, request } from "../daemon/client";
import type { Catalogue } from "./protocol";

export const kLabPath = "/v1/lab";

export const catalogue = signal<Catalogue | null>(null);
export const catalogueProblem = signal("");
let isAsking = false;

export async function askCatalogue(): Promise<void> {
  if (isAsking || catalogue.value !== null) return;
  isAsking = true;
  try {
    const answer = await request<Catalogue>("GET", kLabPath);
    catalogue.value = answer;
    catalogueProblem.value = answer.experiments.length === 0 ? "This daemon has no experiments." : "";
  } catch (error) {
    catalogueProblem.value = asMessage(error);
  }
  isAsking = false;
}

export function openLab(): WebSocket {
  return openSocket(`${kLabPath}/stream`);
}
