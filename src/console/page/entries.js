// Entries in words: who, what, and how far they have come. An unknown kind or reason is shown as it is.

import { el, icon } from "./dom.js";
import { visibleName } from "./names.js";
import { isAmbiguous, now } from "./session.js";
import { text } from "./texts.js";
import { listTime, until } from "./times.js";

/** The endings of entries that no handler has worked on. */
const UNHANDLED = new Set(["kept", "outdated", "not_taken"]);

/** The icon of each kind of message. */
const ICONS = {
  text: "chat",
  image: "image",
  voice: "voice",
  location: "place",
  image_text: "news",
  mpnews: "news",
  news: "news",
  subscribe: "follow",
  unsubscribe: "unfollow",
  reminder: "clock",
  expiry: "clock",
  unreadable: "alert",
};

/** The mark of the queue of an entry: into the server, or out of it. */
export function queueMark(queue) {
  const label = text(`queue.${queue}`, {}, queue);
  return el("span", { class: `direction ${queue}`, title: label }, icon(queue === "outbox" ? "out" : "in"), el("span", { class: "unseen" }, label));
}

/** The name of a kind. */
export const kindWord = (kind) => text(`kind.${kind}`, {}, kind);

/** The icon of a kind. */
export const kindIcon = (kind) => icon(Object.hasOwn(ICONS, kind) ? ICONS[kind] : "chat");

/**
 * User and account of an entry in one line, and the app if another one has an account of the same name. Each part is
 * isolated, so that its direction of writing cannot turn the others round.
 */
export function whoOf({ app, account, user }) {
  const parts = [user, account, isAmbiguous(account) ? app : null].filter((part) => part !== null && part !== undefined);
  if (parts.length === 0) return app ?? "–";
  return parts.map((part) => `\u2068${visibleName(part)}\u2069`).join(" · ");
}

/** What a person would read, or a mark that the text is hidden. */
export function saidOf({ text: words, hidden, kind }) {
  if (hidden) return el("span", { class: "hidden-text" }, text("hidden.short"));
  return words || el("span", { class: "hidden-text" }, kindWord(kind));
}

/** The tone of an entry: `good`, `warn`, `bad`, or empty while nothing is wrong and nothing is done. */
export function toneOf({ state, attempts, why, discarded, ending }) {
  if (state === "dead") return "bad";
  if (state === "done") return discarded || UNHANDLED.has(ending?.as) ? "" : "good";
  if (why && ["paused", "outbox_full", "blocked"].includes(why.is)) return "warn";
  return attempts > 0 && why?.is !== "leased" ? "warn" : "";
}

/** The state of an entry in a word or two. */
export function stateWord(row) {
  if (row.state === "pending") return row.why ? shortWhy(row.why) : text("state.pending");
  if (row.discarded) return text("state.discarded");
  if (row.state === "done" && row.queue === "outbox") return text("ending.sent");
  if (row.state === "done" && row.ending) return endingWords({ as: row.ending.as });
  return text(`state.${row.state}`, {}, row.state);
}

/** The state of an entry in one line; a dead letter says its reason, since that it is dead is said by its colour as well. */
export const stateLine = (row) => (row.state === "dead" && row.reason ? text("short.dead", { reason: row.reason }) : stateWord(row));

function shortWhy(why) {
  return text(`short.${why.is}`, { n: why.entry, until: why.at ? until(why.at) : "" }, why.is);
}

/** Why a pending entry is not done yet, as a sentence without a subject. */
export function whyWords(why, { attempts = 0 } = {}) {
  switch (why.is) {
    case "behind":
      return text("why.behind", { n: why.entry });
    case "due":
      return text(attempts > 0 ? "why.due.retry" : "why.due", { until: until(why.at) });
    case "leased":
      return text("why.leased", { by: why.by ?? text("replica.unknown"), until: listTime(why.until) });
    case "blocked":
      return text("why.blocked", { until: listTime(why.until) });
    case "person":
      return why.who ? text("why.person", { who: why.who }) : text("why.person.nobody");
    case "paused":
      return text("why.paused", { who: why.by, since: listTime(why.since) });
    default:
      return text(`why.${why.is}`, {}, why.is);
  }
}

/** Whether the words of `whyWords` change as time passes. */
export const whyTicks = (why) => why?.is === "due" && why.at > now();

/** The reason of a group: the places in which its entries differ are one mark each, also where several follow each other. */
export const groupReason = (reason) => reason.replace(/…(?:[.:]*…)+/g, "…");

/** How a finished entry ended, and by whose work. */
export function endingWords({ as, by }) {
  if (by) return text(`ending.${as}.by`, { by: handlerName(by) }, `${as} ${by}`);
  return text(`ending.${as}`, {}, as);
}

/** A handler or rule as people call it: from `rule "welcome"`, `rules[0]`, `handler 2 (Text)`. */
function handlerName(by) {
  const [, name] = /^rule "(.*)"$/s.exec(by) ?? [];
  if (name !== undefined) return text("by.rule", { name });
  const [, index] = /^rules\[(\d+)\]$/.exec(by) ?? [];
  if (index) return text("by.rule.nth", { n: Number(index) + 1 });
  const [, n, kind] = /^handler (\d+)(?: \((.*)\))?$/.exec(by) ?? [];
  if (n) return text(kind ? "by.handler" : "by.handler.plain", { n, kind });
  return by;
}
