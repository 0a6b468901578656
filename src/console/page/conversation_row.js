// A conversation in a list: user, account, the newest message, and who has it.

import { el, icon } from "./dom.js";
import { kindWord } from "./contents.js";
import { accountWords, initialOf } from "./names.js";
import { holder } from "./people.js";
import { address } from "./router.js";
import { statusOf } from "./status.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";

/** The row of a conversation as a link to it in the view `view`, whose other parameters stay. */
export function conversationRow(view, conversation, params, isOpen, extras = []) {
  const { id, user, newest } = conversation;
  const properties = { class: "conversation-row", href: address(view, { ...params, id }), data: { id }, "aria-current": isOpen ? "true" : undefined };
  return el(
    "li",
    {},
    el(
      "a",
      properties,
      el("span", { class: "portrait", "aria-hidden": "true" }, initialOf(user)),
      el("span", { class: "row-names" }, el("b", {}, user ?? text("conversation.unnamed")), el("span", {}, accountWords(conversation))),
      newest ? el("time", {}, listTime(newest.accepted_at)) : el("time", {}),
      el("span", { class: "row-text" }, newest?.queue === "outbox" && el("span", { class: "row-sent" }, icon("sent"), el("span", { class: "unseen" }, text("side.bot"))), newest ? newestWords(newest) : ""),
      el("span", { class: "row-chips" }, [...chips(conversation)], extras),
    ),
  );
}

/** The newest message in one line. */
function newestWords({ text: words, hidden, kind }) {
  if (hidden || words === null || words === undefined) return el("i", {}, kindWord(kind));
  return words.replace(/\s+/g, " ");
}

function* chips({ person, state, newest }) {
  const has = holder(person);
  if (has !== "bot") yield el("span", { class: `chip ${has === "nobody" ? "warn" : "info"}` }, text(`chip.${has}`, { by: person.by }));
  else if (state) yield el("span", { class: "chip" }, state.dialogue);
  if (!newest) return;
  const { words, tone } = statusOf(newest);
  if (tone === "bad" || tone === "warn") yield el("span", { class: `chip ${tone}`, title: words }, text(tone === "bad" ? "chip.dead" : "chip.waits"));
}
