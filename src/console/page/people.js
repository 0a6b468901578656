// The actions on a conversation by those who answer: hand it to a person, take it, hand it back; and the words for who has it.

import { post } from "./api.js";
import { ask, notify, reasonWords } from "./dialog.js";
import { el } from "./dom.js";
import { can, now, session } from "./session.js";
import { text } from "./texts.js";
import { span } from "./times.js";

/** Who has a conversation: `bot`, `nobody` (it waits for a person), `me` or `other`. */
export function holder(person) {
  if (!person) return "bot";
  if (person.by === null || person.by === undefined) return "nobody";
  return person.by === session.who ? "me" : "other";
}

/** A span of waiting, in whole minutes. */
export const waitedWords = (ms) => (ms < 60_000 ? text("span.moment") : span(ms));

/** The sentence that says who has a conversation, and for how long it has been with persons. */
export function holderWords(person) {
  const values = { by: person?.by ?? "", span: waitedWords(now() - (person?.since ?? now())) };
  return text(`holder.${holder(person)}`, values);
}

/** The sentence that says when a conversation goes back to the bot by itself. */
export const returnWords = (until) => (until ? text("holder.until", { span: waitedWords(until - now()) }) : "");

/** Runs an action of the conversation `id`; returns its new summary, or null after a refusal, which a notice explains. */
async function act(id, name, body) {
  try {
    return await post(`conversations/${id}/${name}`, body);
  } catch (error) {
    noteRefusal(error);
    return null;
  }
}

/** Says in a notice why an action was refused: who has the conversation instead, or what else is wrong. */
export function noteRefusal(error) {
  const by = error.answer?.by;
  notify(by ? text("taken.by", { by }) : text("failed", { why: reasonWords(error) }), { tone: "bad" });
}

/** Takes a conversation: from the bot, from the queue of those that wait, or, after a question, from another person. */
export async function take(id, person) {
  const from = holder(person);
  if (from === "other") return takeFromOther(id, person.by);
  if (from === "bot" && !(await act(id, "hand-over", {}))) return null;
  return act(id, "take", { from: null });
}

function takeFromOther(id, by) {
  return new Promise((resolve) => {
    const form = ask({
      title: text("take.from", { by }),
      fields: [el("p", {}, text("take.from.hint", { by }))],
      action: text("take.from.action"),
      submit: async () => resolve(await act(id, "take", { from: by })),
    });
    form.closest("dialog").addEventListener("close", () => resolve(null));
  });
}

/** Gives a conversation of the bot to whoever takes it at the desk. */
export const handOver = (id) => act(id, "hand-over", {});

/** Gives a conversation back to the bot. */
export const handBack = (id) => act(id, "hand-back", {});

/** Whether the reader may take a conversation. */
export const mayTake = (person) => can("answer") && holder(person) !== "me" && (holder(person) !== "other" || can("operate"));
