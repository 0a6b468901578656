// The dialogue that the conversation is in: its state, the states before, and the person who may have taken over.

import { summary } from "./contents.js";
import { showText } from "./dialog.js";
import { el } from "./dom.js";
import { clockTime, text } from "./texts.js";

const byId = (id) => document.getElementById(id);

/** The dialogue of a conversation that a person has. */
const PERSON = "person";

/** Whether a record says that a person has the conversation. */
export const isPerson = (record) => record?.dialogue?.name === PERSON;

export class Dialogue {
  /** `chosen` holds account and user. */
  constructor(sandbox, chosen) {
    Object.assign(this, { sandbox, chosen });
    byId("dialogue-history").addEventListener("click", () => this.#showHistory());
    sandbox.on("changed", (kind) => kind === "state" && this.show());
  }

  /** Shows all texts in the language that was chosen. */
  redraw() {
    this.show();
  }

  /** Shows the state of the chosen conversation; a conversation that was never in a dialogue shows none. */
  show() {
    const record = this.#history().at(-1);
    byId("dialogue").hidden = !record;
    if (!record) return;
    byId("dialogue").classList.toggle("person", isPerson(record));
    byId("dialogue-words").textContent = text(words(record), { name: record.dialogue?.name, since: clockTime(record.at) });
    const body = compact(record.dialogue);
    byId("dialogue-body").textContent = body;
    byId("dialogue-body").title = body;
    byId("dialogue-body").hidden = body === "";
  }

  #history() {
    return this.sandbox.history(this.chosen.account, this.chosen.user);
  }

  #showHistory() {
    const records = this.#history().reverse();
    showText(text("dialogue.history"), el("ol", { class: "states", tabIndex: 0, role: "list", "aria-label": text("dialogue.history") }, records.map((record) => this.#line(record))));
  }

  #line(record) {
    const { dialogue, at } = record;
    const name = isPerson(record) ? text("dialogue.person.name") : (dialogue?.name ?? text("dialogue.none.name"));
    return el(
      "li",
      { data: { state: record.id } },
      el("p", {}, el("b", {}, name), el("span", { class: "count" }, `${clockTime(at)} · ${this.#cause(record)}`)),
      compact(dialogue) !== "" && el("pre", {}, JSON.stringify(dialogue.body, null, 2)),
    );
  }

  /** The event that made a state. */
  #cause({ message, by_person: byPerson }) {
    if (byPerson) return text("dialogue.by.person");
    if (message === null) return text("dialogue.by.time");
    const { content } = this.sandbox.message.get(message) ?? {};
    return text("dialogue.by.message", { what: content ? summary(content) : `#${message}` });
  }
}

function words(record) {
  if (isPerson(record)) return "dialogue.person";
  return record.dialogue ? "dialogue.in" : "dialogue.none";
}

/** The body of a state in one line; a conversation without a state and one that a person has show none. */
const compact = (dialogue) => (dialogue === null || dialogue.name === PERSON || dialogue.body === null ? "" : JSON.stringify(dialogue.body));
