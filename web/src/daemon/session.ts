// Who we are to the daemon: one token, kept for as long as this tab lives, never in an address.
import { signal } from "@preact/signals";
import { asMessage, Problem, request } from "./client";

const kStorageKey = "grapevine.token";

export interface Session {
  token: string;
  scopes: string[];
  overlays: string[];
  /** The token was made for this page by a link, and ends when the reader logs out. */
  isOfLink?: boolean;
}

interface Redeemed {
  token: string;
  scopes: string[];
  overlays: string[];
  expires_in_s: number;
}

function stored(): Session | null {
  if (typeof sessionStorage === "undefined") return null;
  const text = sessionStorage.getItem(kStorageKey);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Session;
  } catch {
    sessionStorage.removeItem(kStorageKey); // Not ours, or cut short: as if nobody had logged in.
    return null;
  }
}

export const session = signal<Session | null>(stored());
/** Why the last login did not work, in words; empty when there is nothing to say. */
export const loginProblem = signal("");
/** True while a one-time code is being exchanged. */
export const loginRuns = signal(false);

export function keepSession(next: Session | null): void {
  session.value = next;
  if (next === null) sessionStorage.removeItem(kStorageKey);
  else sessionStorage.setItem(kStorageKey, JSON.stringify(next));
}

/** The token of this tab, or "" without one. */
export function tokenNow(): string {
  return session.value?.token ?? "";
}

/** A token may do what its scopes say; of a pasted one they are not known, and the daemon decides. */
export function may(scope: "read" | "publish" | "admin"): boolean {
  const scopes = session.value?.scopes ?? [];
  return scopes.length === 0 || scopes.includes(scope) || scopes.includes("admin");
}

/** Exchanges the code of `#login=CODE` or `#login=CODE&to=/ROUTE`, and takes it out of the address
 * at once. */
export async function redeemLoginOfAddress(): Promise<void> {
  const match = /^#login=([A-Za-z0-9_.-]{1,256})(?:&to=(\/[A-Za-z0-9/_-]{0,64}))?$/.exec(location.hash);
  if (match === null) return;
  history.replaceState(null, "", `${location.pathname}${location.search}#${match[2] ?? "/"}`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  loginRuns.value = true;
  try {
    const got = await request<Redeemed>("POST", "/v1/logins/redeem", { body: { code: match[1] } });
    keepSession({ token: got.token, scopes: got.scopes, overlays: got.overlays, isOfLink: true });
    loginProblem.value = "";
  } catch (error) {
    loginProblem.value =
      error instanceof Problem && (error.status === 401 || error.status === 404)
        ? "The login link was used before, or is older than five minutes. Run grapevine ui again."
        : asMessage(error);
  } finally {
    loginRuns.value = false;
  }
}

/** Tries a pasted token with the daemon, and keeps it if it is valid. */
export async function loginWithToken(token: string): Promise<void> {
  const before = session.value;
  session.value = { token, scopes: [], overlays: [] };
  try {
    await request("GET", "/v1/overlays");
    keepSession({ token, scopes: [], overlays: [] });
    loginProblem.value = "";
  } catch (error) {
    session.value = before;
    loginProblem.value = asMessage(error);
  }
}

/** Forgets the token here; the form says why. */
export function forgetSession(reason: string): void {
  keepSession(null);
  loginProblem.value = reason;
}

/** Logs out for good: a token that a link gave is ended at the daemon too. A pasted one stays valid. */
export async function logout(): Promise<void> {
  let reason = "You have logged out.";
  if (session.value?.isOfLink === true) {
    try {
      await request("DELETE", "/v1/logins");
    } catch (error) {
      reason = `This page has forgotten its token, which the daemon may still accept: ${asMessage(error)}`;
    }
  }
  forgetSession(reason);
}
