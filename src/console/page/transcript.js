// The messages of one conversation in both directions: loads older ones when they are scrolled to, follows newer ones.

import { get } from "./api.js";
import { shown, summary } from "./contents.js";
import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { kindWord } from "./entries.js";
import { WindowedList } from "./list.js";
import { address } from "./router.js";
import { statusOf } from "./status.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";

/** The number of messages of a page, and the largest number that one look at a conversation loads. */
const PAGE = 50;
const MOST = 1000;
/** The distance from the oldest message, in pixels, at which older ones are loaded. */
const NEAR_TOP = 300;
const TICK_MS = 1000;

export class Transcript {
  #conversation = null;
  #older = null;
  #loading = false;
  #actions = 0;
  #ticking = null;

  /** `names(side)` gives the name of the one who wrote, for screen readers; `loaded(answer)` gets each newest page. */
  constructor({ names, loaded }) {
    Object.assign(this, { names, loaded });
    this.messages = el("ol", { class: "talk-lines" });
    this.more = el("button", { type: "button", class: "small older", hidden: true, on: { click: () => this.#loadOlder() } }, text("older"));
    this.rest = el("p", { class: "older-end", hidden: true });
    this.empty = emptyNote("transcript.empty", "chat", { hidden: true });
    this.scroller = el(
      "div",
      { class: "transcript", tabIndex: 0, role: "region", "aria-label": text("transcript") },
      el("div", { class: "older-row" }, this.more, this.rest),
      this.messages,
      this.empty,
    );
    this.newest = el(
      "button",
      { type: "button", class: "to-newest", hidden: true, on: { click: () => this.list.toNewest() } },
      icon("down"),
      el("span", {}, text("newest")),
    );
    this.element = el("div", { class: "talk" }, this.scroller, this.newest);
    this.list = new WindowedList({
      list: this.messages,
      scroller: this.scroller,
      key: (entry) => `e${entry.id}`,
      order: (a, b) => a.id - b.id,
      render: (entry) => this.#line(entry),
      moved: (list) => this.#moved(list),
    });
    this.scroller.addEventListener("scroll", () => this.scroller.scrollTop < NEAR_TOP && this.list.isAtOldest() && this.#loadOlder(), {
      passive: true,
    });
  }

  /** Shows the conversation `id` from its newest message on. */
  async open(id) {
    this.close();
    this.#conversation = id;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.scroller.setAttribute("aria-busy", "true");
    const answer = await this.#load({});
    if (this.#conversation !== id || !answer) return;
    this.#showOlder(answer.next);
    this.list.reset(answer.entries.toReversed());
    this.empty.hidden = answer.entries.length > 0;
    this.scroller.setAttribute("aria-busy", "false");
  }

  /** Stops following the conversation. */
  close() {
    clearInterval(this.#ticking);
    this.#conversation = null;
    this.#showOlder(null);
    this.list.reset([]);
    this.empty.hidden = true;
  }

  /** Looks at the newest messages again, and shows those that are new or have changed. */
  async refresh() {
    const id = this.#conversation;
    if (id === null) return;
    const answer = await this.#load({});
    if (this.#conversation !== id || !answer) return;
    const changed = answer.entries.toReversed().filter((entry) => JSON.stringify(this.list.items.get(`e${entry.id}`)) !== JSON.stringify(entry));
    const isKnown = answer.entries.some((entry) => this.list.items.has(`e${entry.id}`));
    // More than a page may have come meanwhile; what lies between would be missing.
    if (!isKnown && answer.entries.length > 0) {
      this.#showOlder(answer.next);
      this.list.reset(answer.entries.toReversed());
    } else if (changed.length > 0) {
      this.#announce(changed.filter((entry) => !this.list.items.has(`e${entry.id}`)));
      this.list.put(changed);
    }
    this.empty.hidden = this.list.items.size > 0;
  }

  /** Notes an action on the conversation: what was asked for before it does not say who has the conversation now. */
  noteAction() {
    this.#actions += 1;
  }

  async #load(query) {
    const [id, actions] = [this.#conversation, this.#actions];
    try {
      const answer = await get(`conversations/${id}`, { limit: PAGE, ...query });
      if (this.#conversation === id && this.#actions === actions && !query.before) this.loaded(answer);
      return answer;
    } catch (error) {
      if (this.#conversation === id) this.loaded(null, error);
      return null;
    }
  }

  async #loadOlder() {
    const id = this.#conversation;
    if (this.#loading || this.#older === null || this.list.items.size >= MOST) return;
    this.#loading = true;
    const answer = await this.#load({ before: this.#older });
    this.#loading = false;
    if (!answer || this.#conversation !== id) return;
    this.list.putBefore(answer.entries.toReversed());
    this.#showOlder(answer.next);
  }

  /** Shows how older messages are reached; `next` is their cursor, or null after the oldest one. */
  #showOlder(next) {
    this.#older = next;
    const isFull = next !== null && this.list.items.size >= MOST;
    this.more.hidden = next === null || isFull;
    this.rest.hidden = !isFull;
    if (isFull)
      this.rest.replaceChildren(
        text("transcript.full", { n: MOST }),
        " ",
        el("a", { href: address("messages", { conversation: this.#conversation }) }, text("transcript.rest")),
      );
  }

  #moved(list) {
    this.newest.hidden = list.following;
  }

  #line(entry) {
    const { side } = entry;
    const inside = shown(entry, side);
    const writer =
      side !== "user" && el("span", { class: "writer", "aria-hidden": "true" }, entry.kind === "reminder" ? kindWord(entry.kind) : this.names(side));
    const receipt = el("a", { class: "receipt", href: address("messages", { entry: entry.id }) });
    const meta = el(
      "div",
      { data: { entry: entry.id } },
      writer,
      el("time", {}, listTime(entry.accepted_at)),
      receipt,
      el("p", { class: "status-reason" }),
    );
    this.#showStatus(meta, entry);
    const isRemark = side === "system" || inside.classList.contains("remark");
    const shape = isRemark ? "remark-line" : side === "user" ? "theirs" : `mine ${side}`;
    return el("li", { class: shape }, el("span", { class: "unseen" }, `${this.names(side)}: `), inside, meta);
  }

  /** The state of an entry below its content; existing elements are changed, so that a focused link keeps the focus. */
  #showStatus(meta, entry) {
    const receipt = meta.querySelector(".receipt");
    const why = meta.lastChild;
    const { words, tone, reason, ticks } = statusOf(entry);
    meta.className = `meta status ${tone}`;
    meta.toggleAttribute("data-ticks", ticks === true);
    write(receipt, words);
    receipt.setAttribute("aria-label", text("show.entry", { what: words, n: entry.id }));
    write(why, reason ?? "");
    why.hidden = !reason;
  }

  #tick() {
    for (const meta of this.messages.querySelectorAll("[data-ticks]")) {
      const entry = this.list.items.get(`e${meta.dataset.entry}`);
      if (entry) this.#showStatus(meta, entry);
    }
  }

  /** Announces new messages of the user to screen readers. */
  #announce(entries) {
    const said = entries.filter(({ side }) => side === "user").slice(-3);
    const lines = said.map((entry) => el("span", {}, text("said", { who: this.names("user"), what: summary(entry) })));
    if (lines.length > 0) document.getElementById("announcer")?.replaceChildren(...lines);
  }
}

/** Sets a text only if it differs, so that a selection within it stays. */
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
