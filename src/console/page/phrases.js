// The saved phrases of those who answer: a list above the text, opened by its button or by a slash, used by keyboard.

import { el, icon } from "./dom.js";
import { session } from "./session.js";
import { text } from "./texts.js";

export class PhraseList {
  #shown = [];
  #at = 0;

  /** `field` is the text that the phrases are for; `chosen(phrase)` is called with the one to insert. */
  constructor(field, { chosen }) {
    Object.assign(this, { field, chosen });
    this.list = el("ul", { class: "phrases", id: "phrases", role: "listbox", "aria-label": text("phrases") });
    this.none = el("p", { class: "phrases-none" }, text("phrases.none"));
    this.element = el("div", { class: "phrases-box", hidden: true, on: { mousedown: (event) => event.preventDefault() } }, this.list, this.none);
    const label = { title: text("phrases"), "aria-label": text("phrases"), "aria-expanded": "false", "aria-controls": "phrases" };
    this.button = el(
      "button",
      { type: "button", class: "plain square", hidden: session.phrases.length === 0, ...label, on: { click: () => this.#toggle() } },
      icon("phrase"),
    );
    field.setAttribute("aria-controls", "phrases");
    field.setAttribute("aria-autocomplete", "list");
    field.addEventListener("blur", ({ relatedTarget }) => relatedTarget !== this.button && this.close());
  }

  /** The part of the text that a phrase replaces: the slash and what follows it, or the selection. */
  range() {
    return this.#wanted() === null ? [this.field.selectionStart, this.field.selectionEnd] : [0, this.field.value.length];
  }

  /** Opens the list after a slash at the beginning, and narrows it with each further letter. */
  typed() {
    if (this.#wanted() !== null && session.phrases.length > 0) this.#open();
    else this.close();
  }

  /** Whether a key was for the list: Up and Down choose, Enter and Tab insert, Escape closes. */
  takesKey(event) {
    if (this.element.hidden) return false;
    const steps = { ArrowUp: -1, ArrowDown: 1 };
    if (event.key in steps && this.#shown.length > 0) this.#select((this.#at + steps[event.key] + this.#shown.length) % this.#shown.length);
    else if ((event.key === "Enter" || event.key === "Tab") && this.#shown.length > 0) this.#choose(this.#shown[this.#at]);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  close() {
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  /** What the phrases must contain: the letters after a slash at the beginning of the text; null without one. */
  #wanted() {
    return /^\/([^\n]*)$/.exec(this.field.value)?.[1] ?? null;
  }

  #toggle() {
    if (this.element.hidden) this.#open();
    else this.close();
    this.field.focus();
  }

  #open() {
    const wanted = (this.#wanted() ?? "").trim().toLowerCase();
    this.#shown = session.phrases.filter((phrase) => phrase.toLowerCase().includes(wanted));
    const option = (phrase, index) => el("li", { role: "option", id: `phrase-${index}`, on: { click: () => this.#choose(phrase) } }, phrase);
    this.list.replaceChildren(...this.#shown.map(option));
    this.list.hidden = this.#shown.length === 0;
    this.none.hidden = this.#shown.length > 0;
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    if (this.#shown.length > 0) this.#select(0);
  }

  #select(index) {
    this.#at = index;
    for (const [place, option] of [...this.list.children].entries()) option.setAttribute("aria-selected", String(place === index));
    this.field.setAttribute("aria-activedescendant", `phrase-${index}`);
    this.list.children[index].scrollIntoView({ block: "nearest" });
  }

  #choose(phrase) {
    this.chosen(phrase);
    this.close();
  }
}
