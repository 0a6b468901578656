// The row of a delivery, or of an API call that answers no message.

import { callWord } from "./calls.js";
import { summary } from "./contents.js";
import { el, icon } from "./dom.js";
import { clockTime, shortSpan, text } from "./texts.js";

/** The icon of each kind of message. */
const ICONS = {
  text: "chat",
  image: "image",
  voice: "voice",
  location: "place",
  imgtxt: "news",
  subscribe: "follow",
  unsubscribe: "unfollow",
};

export const isCall = (item) => "path" in item;
export const keyOf = (item) => (isCall(item) ? `c${item.id}` : `d${item.id}`);
export const usersOf = (item) => (isCall(item) ? item.users : [item.user]);

/** The names of an item's users. */
export const who = (item, sandbox) =>
  usersOf(item)
    .map((id) => sandbox.user.get(id)?.name || id)
    .join(", ");

/** An item in one line: the beginning of the message, or the path of the call. */
export function what(item, sandbox) {
  if (isCall(item)) return item.path;
  const message = sandbox.message.get(item.message);
  return message ? summary(message.content) : `#${item.message}`;
}

/** Whether an attempt is one of the platform's own tries, and not a forgery or duplicate. */
export const isTry = ({ fault }) => !fault || fault === "drop_answer";

/** The row of an item: time, user, content, state, number of tries, and duration of the last one. */
export function rowOf(item, { tone, words, ticks }, isSelected, sandbox) {
  const tries = isCall(item) ? [] : item.attempts.filter(isTry);
  const extras = isCall(item) ? 0 : item.attempts.length - tries.length;
  const ms = isCall(item) ? item.ms : tries.at(-1)?.ms;
  return el(
    "li",
    {
      class: `delivery ${isSelected ? "found" : ""}`,
      id: `row-${keyOf(item)}`,
      role: "option",
      "aria-selected": String(isSelected),
      title: ticks ? "" : words,
    },
    el("time", {}, clockTime(item.at)),
    el("span", { class: "delivery-who" }, who(item, sandbox)),
    el("span", { class: "delivery-what" }, icon(isCall(item) ? "api" : (ICONS[item.kind] ?? "chat")), el("b", {}, what(item, sandbox))),
    el("span", { class: `delivery-state ${tone}` }, el("i", { class: `dot ${tone}` }), el("span", {}, isCall(item) ? callWord(item) : stateWord(item, tone))),
    el("span", { class: "delivery-tries" }, tries.length > 0 && String(tries.length), extras > 0 && el("span", { class: "warn-text" }, ` +${extras}`)),
    el("span", { class: "delivery-ms" }, ms === undefined ? "" : shortSpan(ms)),
  );
}

/** The state of a delivery in a word or two; the row's title has the whole outcome. */
function stateWord({ state, handling }, tone) {
  if (state !== "accepted") return text(`state.${state}`, {}, state);
  if (!handling) return text(tone === "warn" ? "short.unanswered" : "state.accepted");
  const unsent = ["dead", "retrying", "sending", "waiting"].find((wanted) => handling.replies.some((reply) => reply.state === wanted));
  if (unsent) return text(`short.reply.${unsent}`);
  if (handling.state === "done") return text(handling.replies.length > 0 ? "short.answered" : "short.handled");
  return text(`short.${handling.state}`, {}, handling.state);
}
