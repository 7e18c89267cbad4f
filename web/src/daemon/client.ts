// One request to the daemon: JSON in, JSON out, and every refusal as a Problem with its cure.
import { forgetSession, session, tokenNow } from "./session";

/** A request that takes longer is given up; answers that ask all members take some seconds. */
export const kRequestTimeoutMs = 20_000;

interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  cure?: string;
  field?: string;
}

/** What the daemon refused (RFC 9457), or that it could not be reached (status 0). */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly cure: string;
  readonly field: string;

  constructor(status: number, document: ProblemDocument) {
    super(document.detail ?? document.title ?? `The daemon answered ${status}.`);
    this.status = status;
    this.type = document.type ?? "";
    this.cure = document.cure ?? "";
    this.field = document.field ?? "";
  }
}

/** Any error in words for the reader: what was wrong, and the cure if there is one. */
export function asMessage(error: unknown): string {
  if (error instanceof Problem) {
    return error.cure === "" ? error.message : `${error.message} (${error.cure})`;
  }
  return error instanceof Error ? error.message : String(error);
}

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/** A path with its parameters: pathOf("/v1/overlays/{}/members/{}", "demo", id). */
export function pathOf(template: string, ...values: string[]): string {
  let next = 0;
  return template.replace(/\{\}/g, () => encodeURIComponent(values[next++] ?? ""));
}

function targetOf(path: string, query: RequestOptions["query"]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") search.append(key, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return new Problem(response.status, (await response.json()) as ProblemDocument);
  } catch {
    // Something between us and the daemon answered, and not in JSON.
    return new Problem(response.status, { title: `${response.status} ${response.statusText}` });
  }
}

function unreachable(error: unknown, given: AbortSignal | undefined): unknown {
  if (given?.aborted === true) return error;
  const slow = error instanceof DOMException && error.name === "TimeoutError";
  return new Problem(0, {
    detail: slow ? "The daemon did not answer in time." : "The daemon cannot be reached.",
    cure: "is it running?",
  });
}

/** Asks the daemon. Throws a Problem for every refusal; after a 401 the login form is shown. */
export async function request<T = unknown>(
  method: string, path: string, options: RequestOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (tokenNow() !== "") headers["Authorization"] = `Bearer ${tokenNow()}`;
  const timeout = AbortSignal.timeout(kRequestTimeoutMs);
  const init: RequestInit = { method, headers, signal: timeout, cache: "no-store" };
  if (options.signal !== undefined) init.signal = anyOf(options.signal, timeout);
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(targetOf(path, options.query), init);
  } catch (error) {
    throw unreachable(error, options.signal);
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && session.value !== null) forgetSession(asMessage(problem));
    throw problem;
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** AbortSignal.any, which browsers of 2023 lack. */
function anyOf(...signals: AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const each of signals) {
    if (each.aborted) controller.abort(each.reason);
    else each.addEventListener("abort", () => controller.abort(each.reason), { once: true });
  }
  return controller.signal;
}

/** Opens a WebSocket of the daemon; the token travels as a subprotocol, never in the address. */
export function openSocket(path: string): WebSocket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}${path}`, [
    "grapevine.v1", `grapevine.token.${tokenNow()}`,
  ]);
}
