// Who looks at the dashboard, and what they may see.

import { signal } from "@preact/signals";
import { ApiError, get, send } from "../api/client";
import type { Me } from "../api/types";
import { dayOf } from "../lib/period";
import { address, navigate, root } from "./location";

/** me is who looks; undefined: not known yet, null: one has to log in first. */
export const me = signal<Me | null | undefined>(undefined);

/** problem is why it cannot be known. */
export const problem = signal<Error | null>(null);

/** today is today's date, UTC. */
export const today = () => dayOf(Date.now());

/** learnMe asks who we are. */
export async function learnMe(): Promise<void> {
  problem.value = null;
  try {
    me.value = await get<Me>("/me", {});
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) me.value = null;
    else problem.value = error as Error;
  }
}

/** openSession logs in; it fails with the token for the second factor where one is needed. */
export async function openSession(username: string, password: string): Promise<void> {
  await (await send("POST", "/dashboard/session", { username, password })).text(); // else the request stays open
  await learnMe();
}

/** openSecondSession logs in with the code of the second factor. */
export async function openSecondSession(token: string, code: string): Promise<void> {
  await (await send("POST", "/dashboard/session/2fa", { login_2fa_token: token, code })).text();
  await learnMe();
}

export async function closeSession(): Promise<void> {
  await send("DELETE", "/dashboard/session");
  navigate(root + "login");
  me.value = undefined;
  await learnMe();
}

/** sessionEnded is for answers that say so. */
export function sessionEnded(): void {
  if (me.value) me.value = null;
}

/** loginAddress is the log-in page that comes back to where we are. */
export function loginAddress(): string {
  const { pathname, search, hash } = address.value;
  const next = pathname + search + hash;
  return root + "login" + (next === root || pathname === root + "login" ? "" : "?" + new URLSearchParams({ next }));
}

/** afterLogin is where the log-in page goes: to a page of the dashboard, whatever its address says. */
export function afterLogin(next: string | null): string {
  if (!next) return root;
  try {
    const url = new URL(next, window.location.origin);
    if (url.origin === window.location.origin && url.pathname.startsWith(root) && url.pathname !== root + "login") {
      return url.pathname + url.search + url.hash;
    }
  } catch {
    // no address
  }
  return root;
}

/** namespaceChoices are the namespaces of which something may be seen, in order. */
export function namespaceChoices(who: Me): string[] {
  const extra = who.extraRepos.map((image) => image.slice(0, image.indexOf("/")));
  return [...new Set([...who.namespaces, ...extra])].sort();
}

/** singleRepos are the repositories of a namespace of which only these may be seen; null: all may. */
export function singleRepos(who: Me, namespace: string): string[] | null {
  if (who.namespaces.includes(namespace)) return null;
  return who.extraRepos.filter((image) => image.startsWith(namespace + "/")).map((image) => image.slice(namespace.length + 1));
}
