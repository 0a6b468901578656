// The conversation of one user with one account: its lines, and what became of what the user sent.

import { shown, summary } from "./contents.js";
import { el, icon } from "./dom.js";
import { WindowedList } from "./list.js";
import { isBetween } from "./sandbox.js";
import { clockTime, text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const keyOf = (message) => `m${message.id}`;

/** How the state of a delivery looks. */
export const TONES = { waiting: "", accepted: "good", failed: "bad", not_sent: "bad" };

export class Chat {
  /** `chosen` holds account and user; `showDelivery(id)` is asked for when a receipt is pressed. */
  constructor(sandbox, chosen, showDelivery) {
    Object.assign(this, { sandbox, chosen, showDelivery });
    this.newest = byId("to-newest");
    this.list = new WindowedList({
      list: byId("messages"),
      scroller: byId("transcript"),
      key: keyOf,
      render: (message) => this.#line(message),
      moved: (list) => this.#moved(list),
    });
    this.newest.addEventListener("click", () => this.list.toNewest());
    sandbox.on("changed", (kind, items) => this.#changed(kind, items));
  }

  /** Another conversation, or everything is new. */
  reset() {
    this.list.reset(this.sandbox.conversation(this.chosen.account, this.chosen.user));
  }

  /** Another language. */
  redraw() {
    this.list.redraw();
  }

  #changed(kind, items) {
    const { account, user } = this.chosen;
    if (kind === "message") {
      const mine = items.filter((message) => isBetween(message, account, user));
      if (mine.length > 0) this.list.put(mine);
      this.#announce(mine.filter((message) => message.from === "account"));
    }
    if (kind === "delivery") {
      const lines = items.map((delivery) => this.list.items.get(`m${delivery.message}`)).filter(Boolean);
      if (lines.length > 0) this.list.put(lines);
    }
  }

  /** Tells who listens to the page what was answered. */
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
      { class: mine ? "mine" : "theirs" },
      el("span", { class: "unseen" }, `${who}: `),
      shown(content),
      this.#meta(message),
    );
  }

  #meta(message) {
    return el("div", { class: "meta" }, el("time", {}, clockTime(message.at)), this.#receipt(message), this.#audience(message));
  }

  #audience({ broadcast, users }) {
    if (!broadcast && users.length < 2) return null;
    const label = broadcast ? text("to.all") : text("to.some", { n: users.length });
    return el("span", { class: "tag" }, icon("everyone"), label);
  }

  /** What became of a user's message; leads to its delivery. */
  #receipt(message) {
    const delivery = this.sandbox.delivery.get(message.delivery);
    if (!delivery) return null;
    const said = receipt(delivery);
    return el(
      "button",
      {
        type: "button",
        class: `receipt ${TONES[delivery.state] ?? ""}`,
        "aria-label": text("show.delivery", { what: said }),
        data: { control: "receipt" },
        on: { click: () => this.showDelivery(delivery.id) },
      },
      said,
    );
  }

  #userName(message) {
    const id = message.users[0];
    return this.sandbox.user.get(id)?.name || id;
  }

  #accountName(message) {
    return this.sandbox.account.get(message.account)?.name || message.account;
  }
}

function receipt({ state, attempts }) {
  if (state === "waiting") return attempts.length > 0 ? `${text("sending")} ${text("attempts", { n: attempts.length })}` : text("sending");
  const parts = [text(`state.${state}`, {}, state)];
  if (attempts.length > 1) parts.push(text("attempts", { n: attempts.length }));
  else if (attempts.length === 1) parts.push(text("ms", { n: attempts[0].ms }));
  return parts.join(" · ");
}
