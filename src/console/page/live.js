// New entries and the steps of their handling as they come; the list stands still while it is paused or not looked at.

import "./live_texts.js";

import { el, icon } from "./dom.js";
import { openEvents } from "./events.js";
import { eventRow } from "./event_row.js";
import { change } from "./router.js";
import { text } from "./texts.js";
import { number } from "./times.js";

/** The largest number of rows in the document, and of events that are kept while the list stands still. */
const MOST = 500;
/** The interval at which events are shown, so that many events cause one drawing. */
const BATCH_MS = 250;
const TYPING_MS = 200;

/** The mounted view; null while another view is shown. */
let mounted = null;

class Live {
  /** The events that are not shown yet, newest last; `came` counts those that came while the list stood still. */
  #waiting = [];
  #came = 0;
  #isPaused = false;
  #isBlurred = !document.hasFocus();
  #wanted = "";
  #drawing = null;
  #typing = null;

  constructor(root, params) {
    this.filter = el("input", {
      type: "search",
      class: "search",
      autocomplete: "off",
      spellcheck: false,
      placeholder: text("live.filter"),
      "aria-label": text("live.filter"),
      value: params.text ?? "",
      on: { input: () => this.#typed() },
    });
    this.pause = el("button", {
      type: "button",
      class: "small toggle",
      "aria-pressed": "false",
      on: { click: () => this.#setPaused(!this.#isPaused) },
    });
    const clear = el("button", { type: "button", class: "small", on: { click: () => this.#clear() } }, icon("clear"), text("live.clear"));
    this.note = el("p", { class: "note still", hidden: true });
    this.rows = el("ol", { class: "events", "aria-label": text("view.live") });
    this.empty = el("div", { class: "empty" }, icon("pulse"), el("strong", {}, text("live.empty")), el("span", {}, text("live.empty.hint")));
    this.none = el("p", { class: "count live-none", hidden: true }, text("live.none"));
    root.replaceChildren(
      el("header", { class: "view-head boxed" }, el("h2", {}, text("view.live")), this.filter, this.pause, clear),
      this.note,
      el("div", { class: "view-body live-body", tabIndex: 0, role: "group", "aria-label": text("view.live") }, this.rows, this.none, this.empty),
    );
    this.#wanted = this.filter.value.trim().toLowerCase();
    this.looked = () => this.#look();
    for (const event of ["focus", "blur"]) addEventListener(event, this.looked);
    this.stream = openEvents(
      { entry: (row) => this.#take({ kind: "entry", at: row.accepted_at, row }), step: (step) => this.#take({ kind: "step", at: Date.now(), step }) },
      { state: (state) => (this.rows.dataset.state = state) },
    );
    this.#showPause();
  }

  update(params) {
    if ((params.text ?? "") === this.filter.value.trim() || this.#typing) return;
    this.filter.value = params.text ?? "";
    this.#applyFilter();
  }

  stop() {
    this.stream.close();
    clearTimeout(this.#drawing);
    clearTimeout(this.#typing);
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

  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      this.#typing = null;
      change({ text: this.filter.value.trim() }, { replace: true });
      this.#applyFilter();
    }, TYPING_MS);
  }

  #applyFilter() {
    this.#wanted = this.filter.value.trim().toLowerCase();
    for (const row of this.rows.children) row.hidden = !this.#isWanted(row);
    this.#showEmpty();
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
  mount(root, params) {
    mounted = new Live(root, params);
  },
  update: (params) => mounted.update(params),
  unmount() {
    mounted.stop();
    mounted = null;
  },
};
