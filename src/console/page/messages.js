// The view of all messages: filters in the address, dense rows, and the story of one beside them.

import "./messages_texts.js";

import { get, isAbort } from "./api.js";
import { FilterBar } from "./filter_bar.js";
import { filterCount, filterKey, isOldestFirst, queryOf } from "./filters.js";
import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { failureWords } from "./failures.js";
import { openJob } from "./job_dialog.js";
import { onKeys, showKeys } from "./keys.js";
import { change } from "./router.js";
import { rowHead, rowOf } from "./row.js";
import { can, now } from "./session.js";
import { Story } from "./story.js";
import { clockTime, text } from "./texts.js";
import { number } from "./times.js";

const PAGE = 100;
/** The most rows in the document. */
const MOST_ROWS = 2000;

class Messages {
  constructor(root, params) {
    Object.assign(this, { root, params: {}, rows: new Map(), selected: null, next: null, scanned: null, controller: null, asOf: null, error: null });
    root.append(el("h2", { class: "unseen" }, text("view.messages")));
    this.bar = new FilterBar(root, (changed) => change(changed));
    this.count = el("p", { class: "count", role: "status" });
    this.jobs = el("span", { class: "actions" });
    this.note = el("div", { class: "note bad", role: "alert", hidden: true });
    this.list = el("ol", {
      class: "entry-list",
      role: "listbox",
      tabIndex: 0,
      "aria-label": text("view.messages"),
      on: { click: (event) => this.#pressed(event.target.closest(".entry")) },
    });
    this.foot = el("div", { class: "list-foot" });
    this.scroller = el("div", { class: "entry-log" }, rowHead(), this.list, this.foot);
    this.order = el("button", {
      type: "button",
      class: "plain small",
      on: { click: () => change({ order: isOldestFirst(this.params) ? null : "oldest" }) },
    });
    const refresh = el(
      "button",
      { type: "button", class: "plain small", title: `${text("refresh")} (r)`, on: { click: () => this.#refresh() } },
      icon("again"),
      text("refresh"),
    );
    const help = el(
      "button",
      { type: "button", class: "plain small square help", title: `${text("keys")} (?)`, "aria-label": text("keys"), on: { click: showKeys } },
      "?",
    );
    const pane = el("aside", { class: "detail", role: "region", tabIndex: -1, "aria-labelledby": "story-heading", hidden: true });
    root.append(
      el("div", { class: "list-bar" }, this.count, this.jobs, this.order, refresh, help),
      this.note,
      el("div", { class: "entries-body" }, this.scroller, pane),
    );
    this.story = new Story(pane, {
      show: (id) => change({ entry: id }),
      close: () => this.#close(),
      changed: (row) => this.#replace(row),
    });
    this.offKeys = onKeys({
      j: () => this.#move(1),
      k: () => this.#move(-1),
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Home: () => this.#moveTo(0),
      End: () => this.#moveTo(this.rows.size - 1),
      Enter: () => this.selected !== null && this.#open(this.selected, { focus: true }),
      Escape: () => this.#close(),
      "/": () => this.bar.focusSearch(),
      r: () => this.#refresh(),
      "?": showKeys,
    });
    this.update(params);
  }

  update(params) {
    const isOther = this.asOf === null || filterKey(params) !== filterKey(this.params);
    this.params = params;
    this.bar.show(params);
    this.order.replaceChildren(icon("order"), text(isOldestFirst(params) ? "order.oldest" : "order.newest"));
    if (isOther) this.load();
    const entry = /^\d+$/.test(params.entry ?? "") ? Number(params.entry) : null;
    if (entry !== null) this.#select(entry);
    this.root.classList.toggle("has-story", entry !== null);
    this.story.open(entry, { focus: this.focusNext });
    this.focusNext = false;
  }

  stop() {
    this.controller?.abort();
    this.story.stop();
    this.offKeys();
  }

  /** Loads the first page; the rows that are shown stay until it has come. */
  async load() {
    const answer = await this.#ask({});
    if (!answer) return;
    this.asOf = now();
    this.rows = new Map(answer.entries.map((row) => [row.id, row]));
    if (!this.rows.has(this.selected) && !this.params.entry) this.selected = null;
    this.list.replaceChildren(...answer.entries.map((row) => rowOf(row, row.id === this.selected)));
    this.scroller.scrollTop = 0;
    this.#came(answer);
  }

  #refresh() {
    this.load();
    this.story.refresh();
  }

  async #more() {
    const answer = await this.#ask({ [isOldestFirst(this.params) ? "after" : "before"]: this.next });
    if (!answer) return;
    for (const row of answer.entries) this.rows.set(row.id, row);
    this.list.append(...answer.entries.map((row) => rowOf(row, row.id === this.selected)));
    this.#came(answer);
  }

  async #ask(query) {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    // A moment that has passed would shift the window of time between two pages.
    if (Object.keys(query).length === 0) this.query = queryOf(this.params);
    this.scroller.setAttribute("aria-busy", "true");
    try {
      const answer = await get("entries", { ...this.query, order: isOldestFirst(this.params) ? "oldest" : null, limit: PAGE, ...query }, controller);
      this.note.hidden = true;
      return answer;
    } catch (error) {
      if (isAbort(error)) return null;
      this.note.textContent = failureWords(error);
      this.note.hidden = false;
      return null;
    } finally {
      if (this.controller === controller) this.scroller.removeAttribute("aria-busy");
    }
  }

  #came({ next, scanned }) {
    Object.assign(this, { next, scanned });
    const { size } = this.rows;
    const counted = size > 0 && `${number(size)}${next === null ? "" : "+"}`;
    this.count.textContent = [counted, text("messages.as_of", { time: clockTime(this.asOf) })].filter(Boolean).join(" · ");
    this.list.hidden = size === 0;
    this.#showFoot();
    this.#showJobs();
  }

  #showFoot() {
    const { size } = this.rows;
    const more = (label) => el("button", { type: "button", on: { click: () => this.#more() } }, label);
    const oldest = isOldestFirst(this.params);
    const looked =
      this.scanned?.reached &&
      el("p", {}, text(oldest ? "messages.scanned.oldest" : "messages.scanned", { limit: number(this.scanned.limit), to: this.scanned.to ?? 0 }));
    const parts = [looked];
    if (size >= MOST_ROWS && this.next !== null) parts.push(el("p", {}, text("messages.full", { n: number(size) })));
    else if (this.next !== null) parts.push(more(moreWords(looked, oldest)));
    else if (size > 0) parts.push(el("p", {}, text("messages.end", { n: number(size) })));
    if (size === 0 && this.next === null)
      parts.push(filterCount(this.params) > 0 ? emptyNote("messages.empty", "list") : emptyNote("messages.none", "list"));
    this.foot.replaceChildren(...parts.filter(Boolean));
  }

  /** Jobs are offered for dead letters, and discarding for pending entries as well. */
  #showJobs() {
    const { state } = this.params;
    const isOffered = can("operate") && this.rows.size > 0;
    const button = (action) =>
      el("button", { type: "button", class: "small", on: { click: () => openJob(action, this.query) } }, text(`messages.${action}`));
    this.jobs.replaceChildren(
      ...(isOffered && state === "dead" ? [button("revive")] : []),
      ...(isOffered && (state === "dead" || state === "pending") ? [button("discard")] : []),
    );
  }

  #replace(row) {
    if (!this.rows.has(row.id)) return;
    this.rows.set(row.id, row);
    this.#element(row.id)?.replaceWith(rowOf(row, row.id === this.selected));
  }

  #element(id) {
    return this.list.querySelector(`#row-${id}`);
  }

  #pressed(element) {
    if (element) this.#open(Number(element.dataset.id));
  }

  #open(id, { focus = false } = {}) {
    if (String(id) === this.params.entry) {
      if (focus) this.story.focus();
      return;
    }
    this.focusNext = focus;
    // The step in the history that opens the pane is one; those from row to row are none.
    change({ entry: id }, { replace: Boolean(this.params.entry) });
  }

  #close() {
    if (!this.params.entry) return;
    change({ entry: null });
    this.list.focus({ preventScroll: true });
  }

  #move(step) {
    const ids = [...this.rows.keys()];
    const at = ids.indexOf(this.selected);
    if (step > 0 && at === ids.length - 1 && this.next !== null && !this.scanned?.reached && ids.length < MOST_ROWS) this.#more();
    this.#moveTo(at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step)));
  }

  #moveTo(index) {
    const id = [...this.rows.keys()][index];
    if (id === undefined) return;
    if (this.params.entry) {
      this.#open(id);
      return;
    }
    this.#select(id);
    // A screen reader reads the selected row of a list that has the focus, and Enter then opens the row.
    this.list.focus({ preventScroll: true });
  }

  #select(id) {
    for (const [which, isSelected] of [
      [this.selected, false],
      [id, true],
    ]) {
      const element = which === null ? null : this.#element(which);
      element?.classList.toggle("found", isSelected);
      element?.setAttribute("aria-selected", String(isSelected));
    }
    this.selected = id;
    const element = this.#element(id);
    if (element) this.list.setAttribute("aria-activedescendant", element.id);
    else this.list.removeAttribute("aria-activedescendant");
    element?.scrollIntoView({ block: "nearest" });
  }
}

function moreWords(looked, oldest) {
  if (oldest) return text(looked ? "messages.go_on.oldest" : "messages.newer");
  return text(looked ? "messages.go_on" : "older");
}

export const view = {
  name: "messages",
  right: "read",
  icon: "list",
  mount: (root, params) => new Messages(root, params),
};
