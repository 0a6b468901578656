// The session: who looks at the page, and what they may.

import { get, post, remove } from "./api.js";

/** The current session; empty before the first log-in. */
export const session = { who: "", may: [], expiresAt: null, version: "", replica: "", sandbox: null, phrases: [], accounts: [] };

/** How far the server's clock is ahead of the browser's. */
let ahead = 0;

/** The server's time in milliseconds; the browser's clock may differ. */
export const now = () => Date.now() + ahead;

/** Whether the session has a right; `answer`, `send` and `operate` include `read`. */
export const can = (right) =>
  session.may.includes(right) || (right === "read" && session.may.some((other) => ["answer", "send", "operate"].includes(other)));

/** Loads the session. */
export async function loadSession() {
  take(await get("session"));
}

/** Logs in with a token. */
export async function logIn(token) {
  await post("session", { token });
  await loadSession();
}

/** Logs out. */
export const logOut = () => remove("session");

/** Notes the server's time, which several answers have. */
export function noteTime(at) {
  if (Number.isFinite(at)) ahead = at - Date.now();
}

/** The accounts whose names are known: an app that has had no message yet may have others. */
export const knownAccounts = () => session.accounts.filter(({ account }) => account !== null);

/** Whether more than one app is configured. */
export const hasApps = () => new Set(session.accounts.map(({ app }) => app)).size > 1;

/** Whether several apps have an account of this name, so that an entry must say its app. */
export const isAmbiguous = (account) => session.accounts.filter((known) => known.account === account).length > 1;

function take(answer) {
  noteTime(answer.now);
  Object.assign(session, {
    who: answer.who,
    may: answer.may ?? [],
    expiresAt: answer.expires_at ?? null,
    version: answer.version ?? "",
    replica: answer.replica ?? "",
    sandbox: answer.sandbox ?? null,
    phrases: answer.phrases ?? [],
    accounts: answer.accounts ?? [],
  });
}
