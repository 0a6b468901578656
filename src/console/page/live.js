// New entries and the steps of their handling as they come; the list stands still while it is paused or not looked at.

import "./live_texts.js";

import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { openEvents } from "./events.js";
import { eventRow } from "./event_row.js";
import { fieldOf } from "./list_filters.js";
import { change } from "./router.js";
import { text } from "./texts.js";
import { number } from "./times.js";

/** The largest number of rows in the document, and of events that are kept while the list stands still. */
const MOST = 500;
/** The interval at which events are shown, so that many events cause one drawing. */
const BATCH_MS = 250;

class Live {
  /** The events that are not shown yet, newest last; `came` counts those that came while the list stood still. */
  #waiting = [];
  #came = 0;
  #isPaused = false;
  #isBlurred = !document.hasFocus();
  #wanted = "";
  #drawing = null;

  constructor(root, params) {
    this.filter = fieldOf("live.filter", (words) => change({ text: words }, { replace: true }));
    this.pause = el("button", {
      type: "button",
      class: "small toggle",
      "aria-pressed": "false",
      on: { click: () => this.#setPaused(!this.#isPaused) },
    });
    const clear = el("button", { type: "button", class: "small", on: { click: () => this.#clear() } }, icon("clear"), text("live.clear"));
    this.note = el("p", { class: "note still", hidden: true });
    this.rows = el("ol", { class: "events", "aria-label": text("view.live") });
    this.empty = emptyNote("live.empty", "pulse");
    this.none = el("p", { class: "count live-none", hidden: true }, text("live.none"));
    root.replaceChildren(
      el("header", { class: "view-head boxed" }, el("h2", {}, text("view.live")), this.filter.element, this.pause, clear),
      this.note,
      el("div", { class: "view-body live-body", tabIndex: 0, role: "group", "aria-label": text("view.live") }, this.rows, this.none, this.empty),
    );
    this.looked = () => this.#look();
    for (const event of ["focus", "blur"]) addEventListener(event, this.looked);
    this.stream = openEvents(
      { entry: (row) => this.#take({ kind: "entry", at: row.accepted_at, row }), step: (step) => this.#take({ kind: "step", at: Date.now(), step }) },
      { state: (state) => (this.rows.dataset.state = state) },
    );
    this.#showPause();
    this.update(params);
  }

  update({ text: words = "" }) {
    this.filter.show(words);
    this.#wanted = words.trim().toLowerCase();
    for (const row of this.rows.children) row.hidden = !this.#isWanted(row);
    this.#showEmpty();
  }

  stop() {
    this.stream.close();
    clearTimeout(this.#drawing);
    for (const event of ["focus", "blur"]) removeEventListener(event, this.looked);
  }

  get #isStill() {
    return this.#isPaused || this.#isBlurred;
  }

  #take(event) {
    this.#waiting.push(event);
    if (this.#waiting.length > MOST) this.#waiting.shift();
    if (this.#isStill) this.#came += 1;
    this.#drawing ??= setTimeout(() => this.#draw(), BATCH_MS);
  }

  #draw() {
    this.#drawing = null;
    if (this.#isStill) {
      this.#showPause();
      return;
    }
    const rows = this.#waiting.toReversed().map((event) => this.#row(event));
    this.#waiting = [];
    this.rows.prepend(...rows);
    while (this.rows.children.length > MOST) this.rows.lastChild.remove();
    this.#showEmpty();
  }

  #row(event) {
    const row = eventRow(event);
    row.hidden = !this.#isWanted(row);
    return row;
  }

  #isWanted(row) {
    return this.#wanted === "" || row.textContent.toLowerCase().includes(this.#wanted);
  }

  #look() {
    this.#isBlurred = !document.hasFocus();
    this.#goOn();
  }

  #setPaused(isPaused) {
    this.#isPaused = isPaused;
    this.#goOn();
  }

  /** Shows what came meanwhile, unless the list still stands still. */
  #goOn() {
    if (!this.#isStill) {
      this.#came = 0;
      this.#draw();
    }
    this.#showPause();
  }

  #showPause() {
    this.pause.setAttribute("aria-pressed", String(this.#isPaused));
    this.pause.replaceChildren(icon(this.#isPaused ? "pulse" : "pause"), text(this.#isPaused ? "live.resume" : "live.pause"));
    this.note.hidden = !this.#isStill;
    const why = text(this.#isPaused ? "live.paused" : "live.blurred");
    const lost = this.#came > MOST ? ` ${text("live.paused.most", { n: MOST })}` : "";
    const words = `${why} ${text("live.came", { n: number(this.#came) })}${lost}`;
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  #clear() {
    this.rows.replaceChildren();
    this.#showEmpty();
  }

  #showEmpty() {
    const hasRows = this.rows.children.length > 0;
    this.empty.hidden = hasRows;
    this.none.hidden = !hasRows || [...this.rows.children].some((row) => !row.hidden);
  }
}

export const view = {
  name: "live",
  icon: "pulse",
  right: "read",
  mount: (root, params) => new Live(root, params),
};
