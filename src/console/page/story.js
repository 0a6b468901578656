// The pane with the story of one entry: what happened to it, and why it is not done yet.

import { get, isAbort, post } from "./api.js";
import { ask, attempt, notify } from "./dialog.js";
import { el, icon } from "./dom.js";
import { kindWord, saidOf, whoOf, whyTicks } from "./entries.js";
import { failureWords } from "./failures.js";
import { address } from "./router.js";
import { can } from "./session.js";
import { answersPart, bodyPart, historyPart, outcomePart, statePart } from "./story_parts.js";
import { text } from "./texts.js";

const TICK_MS = 1000;

export class Story {
  /**
   * `show(id)` opens another entry, `close()` is called by the pane's own controls, `changed(row)` when an action has
   * changed the entry.
   */
  constructor(pane, { show, close, changed }) {
    Object.assign(this, { pane, show, close, changed, id: null, story: null, controller: null, unfolded: new Set() });
    pane.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    this.timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Opens the pane for an entry; null closes it. */
  open(id, { focus = false } = {}) {
    if (id === this.id) {
      if (focus) this.focus();
      return;
    }
    this.id = id;
    this.unfolded.clear();
    this.controller?.abort();
    this.pane.hidden = id === null;
    if (id === null) {
      this.story = null;
      this.pane.replaceChildren();
      return;
    }
    this.#load({ focus });
  }

  /** Loads the story again. */
  refresh() {
    if (this.id !== null && this.story) this.#load();
  }

  focus() {
    this.pane.focus({ preventScroll: true });
  }

  stop() {
    clearInterval(this.timer);
    this.controller?.abort();
  }

  async #load({ focus = false } = {}) {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    if (focus) this.focus();
    try {
      this.story = await get(`entries/${this.id}`, {}, controller);
      this.redraw();
    } catch (error) {
      if (isAbort(error)) return;
      this.story = null;
      const words = error.status === 404 ? text("story.gone", { id: this.id }) : failureWords(error);
      this.pane.replaceChildren(this.#head(`#${this.id}`, ""), el("div", { class: "empty" }, icon("list"), el("strong", {}, words)));
    }
  }

  /** Draws the pane again, and keeps its scroll position and focus. */
  redraw() {
    const { entry } = this.story;
    const isOther = this.drawn !== entry.id;
    this.drawn = entry.id;
    const focused = this.pane.contains(document.activeElement) ? document.activeElement.dataset.control : null;
    const top = isOther ? 0 : (this.pane.querySelector(".detail-body")?.scrollTop ?? 0);
    const { queue, kind } = entry;
    const words = text("story.head", { id: entry.id, queue: text(`queue.${queue}`, {}, queue), kind: kindWord(kind), who: whoOf(entry) });
    const body = el(
      "div",
      { class: "detail-body", tabIndex: 0, role: "group", "aria-label": text("story"), data: { control: "body" } },
      outcomePart(this.story, this.show),
      answersPart(this.story, this.show),
      historyPart(this.story, this.show),
      statePart(this.story),
      bodyPart(this.story, this),
    );
    this.pane.replaceChildren(this.#head(saidOf(entry), words, this.#actions(entry)), body);
    body.scrollTop = top;
    if (focused) (this.pane.querySelector(`[data-control="${CSS.escape(focused)}"]`) ?? this.pane).focus({ preventScroll: true });
  }

  /** A button that folds or unfolds a part, or shows it raw. */
  toggle(key, label) {
    const flip = () => {
      if (!this.unfolded.delete(key)) this.unfolded.add(key);
      this.redraw();
    };
    return el(
      "button",
      { type: "button", class: "plain small", "aria-pressed": String(this.unfolded.has(key)), data: { control: key }, on: { click: flip } },
      label,
    );
  }

  #tick() {
    if (this.story && whyTicks(this.story.why)) this.pane.querySelector(".detail-outcome")?.replaceWith(outcomePart(this.story, this.show));
  }

  #head(title, words, actions) {
    const close = el(
      "button",
      { type: "button", class: "plain square", "aria-label": text("close"), data: { control: "close" }, on: { click: () => this.close() } },
      icon("close"),
    );
    return el(
      "header",
      { class: "detail-head" },
      el("h3", { id: "story-heading" }, el("bdi", {}, title)),
      close,
      el("p", { class: "count" }, words),
      actions,
    );
  }

  #actions({ id, state }) {
    const { conversation } = this.story;
    const button = (action, name, run) =>
      el(
        "button",
        {
          type: "button",
          class: `small ${action === "discard" ? "danger" : ""}`,
          title: text(`${action}.hint`),
          data: { control: action },
          on: { click: run },
        },
        icon(name),
        text(action),
      );
    const operates = can("operate");
    return el(
      "div",
      { class: "actions" },
      operates && state === "dead" && button("revive", "again", () => attempt(() => this.#act("revive"))),
      operates && (state === "dead" || state === "pending") && button("discard", "clear", () => this.#askDiscard(id)),
      conversation &&
        el(
          "a",
          { class: "button", href: address("conversations", { id: conversation }), data: { control: "conversation" } },
          icon("talks"),
          text("story.conversation"),
        ),
    );
  }

  #askDiscard(id) {
    ask({
      title: text("discard"),
      fields: [el("p", {}, text("discard.sure", { id }))],
      action: text("discard"),
      tone: "danger",
      submit: () => this.#act("discard"),
    });
  }

  async #act(action) {
    const { id } = this;
    try {
      const row = await post(`entries/${id}/${action}`);
      notify(text(`${action}.done`, { id }), { tone: "good" });
      this.changed(row);
    } finally {
      // A refusal says that the entry has changed meanwhile.
      if (this.id === id) this.#load();
    }
  }
}
