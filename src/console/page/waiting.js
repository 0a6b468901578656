// The conversations that persons have: one copy for the desk, the navigation's badge and the notifications of the browser.

import { get } from "./api.js";
import { saidWords } from "./contents.js";
import { onChange } from "./events.js";
import { visibleName } from "./names.js";
import { go } from "./router.js";
import { noteTime, session } from "./session.js";
import { text } from "./texts.js";

/**
 * The shortest and the longest time between two looks. A hidden tab looks as well, as it is to notify. Each look that shows
 * texts is in the audit list, and changes are told by the stream of events, so that a look without one is seldom needed.
 */
const THROTTLE_MS = 1500;
const EVERY_MS = 300_000;

const listeners = new Set();
let known = null;
let trouble = null;
let setBadge = () => {};
let timer = null;
let last = 0;
let asked = 0;
let off = () => {};

/** Begins to watch; `badge(number)` is called with the number of conversations that nobody has taken. */
export function startWaiting(badge) {
  setBadge = badge;
  known = null;
  off();
  off = onChange(["desk"], () => plan(Math.max(0, last + THROTTLE_MS - Date.now())));
  lookAtDesk();
}

/** Calls `run(conversations, error)` now and after each look; returns a function that ends it. */
export function onWaiting(run) {
  listeners.add(run);
  if (known || trouble) run(known ?? [], trouble);
  return () => listeners.delete(run);
}

/** Notes a conversation after an action of the reader, before the server tells the change. */
export function noteAction({ id, app, account, user, newest, person }) {
  if (known === null) return;
  // A look that is under way may not know the action yet.
  asked += 1;
  const old = known.find((one) => one.id === id);
  const others = known.filter((one) => one !== old);
  if (!person) take(others);
  else if (old) take(known.map((one) => (one === old ? { ...one, newest, ...person } : one)));
  else take([...others, { id, app, account, user, newest, unread: 0, ...person }]);
  for (const run of [...listeners]) run(known, trouble);
  if (person && !old) plan(0);
}

function plan(ms) {
  clearTimeout(timer);
  timer = setTimeout(lookAtDesk, ms);
}

/** Looks at the desk at once. */
async function lookAtDesk() {
  asked += 1;
  const look = asked;
  last = Date.now();
  const [answer, error] = await get("desk").then(
    (value) => [value, null],
    (reason) => [null, reason],
  );
  // A look that began before an action must not undo what the action has shown.
  if (look !== asked) return;
  if (error?.status === 401 || error?.status === 403) {
    forget();
    return;
  }
  trouble = error;
  if (answer) {
    noteTime(answer.now);
    take(answer.waiting);
  }
  for (const run of [...listeners]) run(known ?? [], trouble);
  plan(EVERY_MS);
}

/** Ends the watch of a reader who may not see the desk any more; `startWaiting` begins again after a log-in. */
function forget() {
  clearTimeout(timer);
  off();
  known = null;
  trouble = null;
  setBadge(0);
}

function take(waiting) {
  const before = known;
  known = waiting;
  setBadge(waiting.filter(({ by }) => by === null).length);
  if (before !== null && document.hidden) for (const one of waiting.filter((now) => isNews(now, before)).slice(0, 3)) tell(one);
}

/** Whether a conversation waits that did not wait before, or one of the reader's own has a new message. */
function isNews({ id, by, unread }, before) {
  const old = before.find((one) => one.id === id);
  if (by === null) return !old;
  return by === session.who && unread > (old?.unread ?? 0);
}

/** Whether the browser can notify; it offers this to pages of HTTPS and of this machine only. */
export const canNotify = () => "Notification" in globalThis && isSecureContext && Notification.permission !== "denied";

/** Whether the reader has allowed notifications. */
export const mayNotify = () => canNotify() && Notification.permission === "granted";

function tell({ id, user, by, newest }) {
  if (!mayNotify()) return;
  const title = text(by === null ? "notify.waits" : "notify.wrote", { user: visibleName(user ?? "") });
  const note = new Notification(title, { body: newest ? saidWords(newest) : "", tag: `desk-${id}`, icon: "icon.svg" });
  note.addEventListener("click", () => {
    window.focus();
    go("desk", { id });
    note.close();
  });
}
