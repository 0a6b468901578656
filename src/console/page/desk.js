// The desk: the conversations that persons have, oldest first, and the opened one beside them.

import "./talk_texts.js";

import { conversationRow } from "./conversation_row.js";
import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { failureWords } from "./failures.js";
import { showItems } from "./keyed.js";
import { holder, waitedWords } from "./people.js";
import { now } from "./session.js";
import { moveByKeys, Split } from "./split.js";
import { text } from "./texts.js";
import { canNotify, mayNotify, noteAction, onWaiting, startWaiting } from "./waiting.js";

/** The groups of the list: those of the reader first, as they are being worked on. */
const GROUPS = ["me", "nobody", "other"];
const TICK_MS = 10_000;
/** The time after which a conversation that nobody has taken is marked. */
const LONG_MS = 300_000;

class Desk {
  #waiting = [];

  constructor(root, params) {
    this.groups = GROUPS.map((name) => {
      const heading = el("h3", { id: `desk-${name}` });
      const list = el("ol", { class: "conversations-list", "aria-labelledby": `desk-${name}` });
      return { name, heading, list, element: el("section", { class: `desk-group ${name}`, hidden: true }, heading, list) };
    });
    this.notify = el("button", { type: "button", class: "small", on: { click: () => this.#askToNotify() } }, icon("bell"), text("notify.allow"));
    this.trouble = el("p", { class: "why", role: "alert", hidden: true });
    this.empty = emptyNote("desk.empty", "headset", { hidden: true });
    const scroll = el(
      "div",
      { class: "split-scroll" },
      this.groups.map(({ element }) => element),
      this.empty,
    );
    const list = el(
      "section",
      { class: "split-list" },
      el("header", { class: "list-filters desk-head" }, el("h2", {}, text("view.desk")), this.notify),
      this.trouble,
      scroll,
    );
    moveByKeys(scroll);
    this.split = new Split(root, list, {
      changed: noteAction,
      isForAnswers: true,
      nothing: emptyNote("desk.none_open", "headset"),
    });
    this.ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#showNotify();
    this.update(params);
    this.off = onWaiting((waiting, error) => this.#show(waiting, error));
  }

  update(params) {
    this.split.open(params.id ?? null);
    this.#draw();
  }

  stop() {
    this.off();
    clearInterval(this.ticking);
    this.split.stop();
  }

  #show(waiting, error) {
    this.#waiting = waiting;
    this.trouble.hidden = !error;
    this.trouble.textContent = error ? failureWords(error) : "";
    this.empty.hidden = waiting.length > 0 || Boolean(error);
    this.split.nothing.firstChild.hidden = waiting.length === 0;
    this.#draw();
  }

  #draw() {
    const { id } = this.split.pane;
    for (const { name, heading, list, element } of this.groups) {
      const group = this.#waiting.filter((one) => holder(one) === name);
      element.hidden = group.length === 0;
      heading.replaceChildren(text(`desk.${name}`), el("span", { class: "badge" }, String(group.length)));
      const items = group.map((conversation) => ({ conversation, isOpen: conversation.id === id }));
      showItems(list, items, { key: (item) => item.conversation.id, render: (item) => this.#row(item) });
    }
    this.#tick();
  }

  #row({ conversation, isOpen }) {
    const { since, unread } = conversation;
    const unreadBadge = unread > 0 && el("b", { class: "badge unread" }, String(unread), el("span", { class: "unseen" }, ` ${text("desk.unread")}`));
    const row = conversationRow("desk", { ...conversation, person: conversation }, {}, isOpen, {
      unread: unreadBadge,
      hasChips: holder(conversation) === "other",
    });
    Object.assign(row.querySelector("time").dataset, { since, has: holder(conversation) });
    return row;
  }

  /** Shows how long each conversation has waited. */
  #tick() {
    for (const time of this.split.list.querySelectorAll("time[data-since]")) {
      const waited = now() - Number(time.dataset.since);
      const words = waitedWords(waited);
      time.classList.toggle("warn-text", time.dataset.has === "nobody" && waited > LONG_MS);
      if (time.textContent !== words) time.textContent = words;
      time.title = text("desk.since", { span: words });
    }
  }

  async #askToNotify() {
    await Notification.requestPermission();
    this.#showNotify();
  }

  #showNotify() {
    this.notify.hidden = !canNotify() || mayNotify();
  }
}

export const view = {
  name: "desk",
  icon: "headset",
  right: "answer",
  start: ({ setBadge }) => startWaiting(setBadge),
  mount: (root, params) => new Desk(root, params),
};
