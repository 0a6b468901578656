// The list of conversations with its filters, and the opened one beside it.

import "./talk_texts.js";

import { get } from "./api.js";
import { conversationRow } from "./conversation_row.js";
import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { failureWords } from "./failures.js";
import { showItems } from "./keyed.js";
import { appChoice, fieldOf } from "./list_filters.js";
import { refreshing } from "./refresh.js";
import { change } from "./router.js";
import { moveByKeys, Split } from "./split.js";
import { text } from "./texts.js";
import { number } from "./times.js";
import { noteAction } from "./waiting.js";

const PAGE = 50;
const EVERY_MS = 60_000;
const PERSON = "person";
const FILTERS = ["app", "account", "user", "dialogue"];

class Conversations {
  #query = {};
  #items = [];
  #next = null;
  #pages = 1;

  constructor(root, params) {
    this.#build();
    this.split = new Split(root, this.section, {
      changed: (summary) => this.#acted(summary),
      nothing: emptyNote("conversations.none_open", "chat"),
    });
    this.#show(params);
    this.loading = refreshing((signal) => this.#load(signal), { every: EVERY_MS, failed: (error) => this.#failed(error) });
  }

  #build() {
    const set = (values) => change(values, { replace: true });
    this.app = appChoice((app) => set({ app }));
    this.account = fieldOf("conversations.account", (account) => set({ account }));
    this.user = fieldOf("conversations.user", (user) => set({ user }));
    this.dialogue = fieldOf("conversations.dialogue", (dialogue) => set({ dialogue }));
    this.person = el(
      "button",
      { type: "button", class: "small toggle", on: { click: () => set({ dialogue: this.#query.dialogue === PERSON ? null : PERSON }) } },
      icon("person"),
      text("conversations.person"),
    );
    this.items = el("ol", { class: "conversations-list", "aria-label": text("view.conversations") });
    this.empty = emptyNote("conversations.empty", "chat", { hidden: true });
    this.trouble = el("p", { class: "why", role: "alert", hidden: true });
    this.more = el("button", { type: "button", class: "small more", hidden: true, on: { click: () => this.#loadMore() } });
    this.reached = el("p", { class: "count reached", hidden: true });
    this.section = el(
      "section",
      { class: "split-list" },
      el(
        "div",
        { class: "list-filters", role: "search", "aria-label": text("list.filters") },
        this.app.element,
        this.account.element,
        this.user.element,
        this.dialogue.element,
        this.person,
      ),
      this.trouble,
      el("div", { class: "split-scroll" }, this.items, this.empty, el("div", { class: "list-end" }, this.reached, this.more)),
    );
    moveByKeys(this.items);
  }

  update(params) {
    const before = JSON.stringify(this.#query);
    this.#show(params);
    if (before === JSON.stringify(this.#query)) {
      this.#draw();
      return;
    }
    this.#items = [];
    this.#pages = 1;
    this.section.setAttribute("aria-busy", "true");
    this.loading.now();
  }

  #show(params) {
    this.#query = Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));
    const { app, account, user, dialogue } = this.#query;
    this.app.show(app ?? "");
    this.account.show(account ?? "");
    this.user.show(user ?? "");
    this.dialogue.show(dialogue === PERSON ? "" : (dialogue ?? ""));
    this.person.setAttribute("aria-pressed", String(dialogue === PERSON));
    this.split.open(params.id ?? null);
  }

  /** Loads the newest page again; the older ones that were loaded stay. */
  async #load(signal) {
    const query = this.#query;
    const answer = await get("conversations", { ...query, limit: PAGE }, { signal });
    if (query !== this.#query && JSON.stringify(query) !== JSON.stringify(this.#query)) return;
    const newest = new Set(answer.conversations.map(({ id }) => id));
    const older = this.#pages > 1 ? this.#items.filter(({ id }) => !newest.has(id)) : [];
    this.#items = [...answer.conversations, ...older];
    if (this.#pages === 1) this.#noteEnd(answer);
    this.#draw();
    this.section.setAttribute("aria-busy", "false");
  }

  async #loadMore() {
    const query = this.#query;
    // The states of a dialogue are listed by their keys, conversations by their newest entries.
    const cursor = query.dialogue ? { after: this.#next } : { before: this.#next };
    this.more.disabled = true;
    try {
      const answer = await get("conversations", { ...query, ...cursor, limit: PAGE });
      if (JSON.stringify(query) !== JSON.stringify(this.#query)) return;
      const known = new Set(this.#items.map(({ id }) => id));
      this.#items = [...this.#items, ...answer.conversations.filter(({ id }) => !known.has(id))];
      this.#pages += 1;
      this.#noteEnd(answer);
      this.#draw();
      this.#failed(null);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.more.disabled = false;
    }
  }

  #noteEnd({ next, scanned }) {
    this.#next = next ?? null;
    this.more.hidden = this.#next === null;
    this.more.textContent = text(scanned?.reached ? "scanned.on" : "older");
    this.reached.hidden = !scanned?.reached;
    this.reached.textContent = scanned?.reached ? text("scanned.reached", { n: number(scanned.limit) }) : "";
  }

  #draw() {
    const { id } = this.split.pane;
    const row = (item) => conversationRow("conversations", item.conversation, this.#query, item.isOpen);
    showItems(
      this.items,
      this.#items.map((conversation) => ({ conversation, isOpen: conversation.id === id })),
      { key: (item) => item.conversation.id, render: row },
    );
    this.empty.hidden = this.#items.length > 0 || this.#next !== null;
  }

  /** Shows a conversation as it is after an action of the reader. */
  #acted(summary) {
    noteAction(summary);
    this.#items = this.#items.map((one) => (one.id === summary.id ? summary : one));
    this.#draw();
  }

  #failed(error) {
    this.trouble.hidden = !error;
    this.trouble.textContent = error ? failureWords(error) : "";
  }

  stop() {
    this.loading.stop();
    this.split.stop();
  }
}

export const view = {
  name: "conversations",
  icon: "talks",
  right: "read",
  mount: (root, params) => new Conversations(root, params),
};
