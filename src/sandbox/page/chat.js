// The conversation of one user with one account: its messages, and the outcome of those that the user sent.

import { shown, summary } from "./contents.js";
import { el, icon } from "./dom.js";
import { WindowedList } from "./list.js";
import { outcome } from "./outcome.js";
import { isBetween } from "./sandbox.js";
import { clockTime, text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const keyOf = (message) => `m${message.id}`;
const conversationOf = ({ account, user }) => JSON.stringify([account, user]);

/** The interval at which texts that depend on the time are updated. */
const TICK_MS = 1000;

/** The outcome of a delivery that is forgotten, or not known yet. */
const FORGOTTEN = { words: "", tone: "", reason: null, ticks: false };

export class Chat {
  /** `chosen` holds account and user; `showDelivery(id)` and `showCall(id)` show the delivery or call of a message. */
  constructor(sandbox, chosen, { showDelivery, showCall }) {
    Object.assign(this, { sandbox, chosen, showDelivery, showCall });
    this.newest = byId("to-newest");
    // The last message before the conversation was begun anew. Earlier messages are shown among the deliveries only.
    this.begun = new Map();
    this.list = new WindowedList({
      list: byId("messages"),
      scroller: byId("transcript"),
      key: keyOf,
      render: (message) => this.#line(message),
      moved: (list) => this.#moved(list),
    });
    this.newest.addEventListener("click", () => this.list.toNewest());
    sandbox.on("changed", (kind, items) => this.#changed(kind, items));
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Shows the chosen conversation from its beginning. */
  reset() {
    const { account, user } = this.chosen;
    this.list.reset(this.sandbox.conversation(account, user).filter((message) => this.#isShown(message)));
  }

  /** Whether a message came after the conversation was begun anew. */
  #isShown({ id, at }) {
    const last = this.begun.get(conversationOf(this.chosen));
    // A restarted sandbox counts from 1 again.
    return !last || id > last.id || at > last.at;
  }

  /** Shows all texts in the language that was chosen. */
  redraw() {
    this.list.redraw();
  }

  /** Shows the newest message, and follows the conversation from then on. */
  toNewest() {
    this.list.toNewest();
  }

  /** Hides all messages so far. */
  begin() {
    const last = this.sandbox.conversation(this.chosen.account, this.chosen.user).at(-1);
    if (last) this.begun.set(conversationOf(this.chosen), last);
    this.reset();
  }

  #changed(kind, items) {
    const { account, user } = this.chosen;
    if (kind === "message") {
      const mine = items.filter((message) => isBetween(message, account, user) && this.#isShown(message));
      if (mine.length > 0) this.list.put(mine);
      this.#announce(mine.filter((message) => message.from === "account"));
    }
    // A message may wait behind another one, and an API call shows which of them was answered.
    if (kind === "delivery" || kind === "call") this.#showOutcomes(byId("messages").querySelectorAll(".outcome"));
  }

  #tick() {
    this.#showOutcomes(byId("messages").querySelectorAll(".outcome[data-ticks]"));
  }

  /** Announces a reply to screen readers. */
  #announce(replies) {
    const lines = replies.slice(-5).map((reply) => text("said", { who: this.#accountName(reply), what: summary(reply.content) }));
    if (lines.length > 0) byId("announcer").replaceChildren(...lines.map((line) => el("span", {}, line)));
  }

  #moved(list) {
    this.newest.hidden = list.following;
    byId("chat-empty").hidden = list.items.size > 0;
  }

  #line(message) {
    const { content } = message;
    const mine = message.from === "user";
    if (content.kind === "subscribe" || content.kind === "unsubscribe") {
      const note = text(`note.${content.kind}`, { user: this.#userName(message) });
      return el("li", { class: "note" }, el("span", {}, note), this.#meta(message));
    }
    const who = mine ? this.#userName(message) : this.#accountName(message);
    return el(
      "li",
      { class: mine ? "mine" : "theirs", data: mine ? {} : { call: message.call } },
      el("span", { class: "unseen" }, `${who}: `),
      shown(content),
      this.#meta(message),
    );
  }

  #meta(message) {
    const time = el("time", {}, clockTime(message.at));
    if (message.delivery !== null) return this.#outcome(message.delivery, time);
    return el("div", { class: "meta" }, time, this.#source(message), this.#audience(message));
  }

  /** The button that leads from a reply to its API call. */
  #source({ call }) {
    if (call === null) return null;
    return el("button", { type: "button", class: "receipt", data: { control: "call" }, on: { click: () => this.showCall(call) } }, text("show.call"));
  }

  #audience({ broadcast, users }) {
    if (!broadcast && users.length < 2) return null;
    const label = broadcast ? text("to.all") : text("to.some", { n: users.length });
    return el("span", { class: "tag" }, icon("everyone"), label);
  }

  /** The button with the outcome of a user's message, which leads to its delivery. */
  #outcome(delivery, time) {
    const receipt = el("button", { type: "button", class: "receipt", data: { control: "receipt" }, on: { click: () => this.showDelivery(delivery) } });
    const element = el("div", { data: { delivery } }, time, receipt, el("p", { class: "outcome-reason" }));
    this.#showOutcome(element);
    return element;
  }

  #showOutcomes(elements) {
    for (const element of elements) this.#showOutcome(element);
  }

  // The existing elements are changed and not replaced, so that a focused button keeps the focus.
  #showOutcome(element) {
    const [, receipt, why] = element.children;
    const delivery = this.sandbox.delivery.get(Number(element.dataset.delivery));
    const { words, tone, reason, ticks } = delivery ? outcome(delivery, this.sandbox, this.sandbox.now()) : FORGOTTEN;
    element.className = `meta outcome ${tone}`;
    element.toggleAttribute("data-ticks", ticks);
    write(receipt, words);
    receipt.setAttribute("aria-label", text("show.delivery", { what: words }));
    receipt.hidden = !delivery;
    write(why, reason ?? "");
    why.hidden = !reason;
  }

  #userName(message) {
    const id = message.users[0];
    return this.sandbox.user.get(id)?.name || id;
  }

  #accountName(message) {
    return this.sandbox.account.get(message.account)?.name || message.account;
  }
}

/** Sets a text only if it differs, so that a selection within it stays. */
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
