// A conversation in a list: user, account, the newest message, and who has it.

import { saidWords } from "./contents.js";
import { el, icon } from "./dom.js";
import { stateWord } from "./entries.js";
import { accountWords, initialOf, visibleName } from "./names.js";
import { holder } from "./people.js";
import { address } from "./router.js";
import { statusOf } from "./status.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";

/**
 * The row of a conversation: a link that opens it in the view `view`, whose parameters `params` stay. `unread` is a
 * badge or nothing; without `hasChips` the row does not say who has the conversation.
 */
export function conversationRow(view, conversation, params, isOpen, { unread = null, hasChips = true } = {}) {
  const { id, user, newest } = conversation;
  const properties = { class: "conversation-row", href: address(view, { ...params, id }), data: { id }, "aria-current": isOpen ? "true" : undefined };
  const sent = newest?.queue === "outbox" && el("span", { class: "row-sent" }, icon("out"), el("span", { class: "unseen" }, text("side.bot")));
  return el(
    "li",
    {},
    el(
      "a",
      properties,
      el("span", { class: "portrait", "aria-hidden": "true" }, initialOf(user)),
      el(
        "span",
        { class: "row-line" },
        el("b", {}, user === null ? text("conversation.unnamed") : visibleName(user)),
        el("span", { class: "row-account" }, accountWords(conversation)),
        el("time", {}, newest ? listTime(newest.accepted_at) : ""),
      ),
      el(
        "span",
        { class: "row-line" },
        sent,
        el(newest?.hidden ? "i" : "span", { class: "row-text" }, newest ? saidWords(newest) : ""),
        hasChips && [...chips(conversation)],
        newest && trouble(newest),
        unread,
      ),
    ),
  );
}

function* chips({ person, state }) {
  const has = holder(person);
  if (has !== "bot") yield el("span", { class: `chip ${has === "nobody" ? "warn" : "info"}` }, text(`chip.${has}`, { by: person.by }));
  else if (state) yield el("span", { class: "chip" }, state.dialogue);
}

function trouble(newest) {
  const { words, tone, reason } = statusOf(newest);
  // That a person has it is said already.
  if ((tone !== "bad" && tone !== "warn") || newest.why?.is === "person") return null;
  return el("span", { class: `chip ${tone}`, title: [words, reason].filter(Boolean).join(" · ") }, shortWord(newest));
}

/** The state in a word or two. A chip is not drawn again as time passes: a time that is due stays out of it. */
function shortWord(newest) {
  if (newest.state === "dead") return text("state.dead");
  return newest.why?.is === "due" ? text("chip.retry") : stateWord(newest);
}
