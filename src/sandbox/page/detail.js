// The pane with one delivery or API call in full: outcome, attempts, requests and answers.

import { attemptList } from "./attempts.js";
import { callDetails, callList } from "./calls.js";
import { copyButton } from "./copying.js";
import { attempt as run } from "./dialog.js";
import { el, icon } from "./dom.js";
import { outcome } from "./outcome.js";
import { prettyXml } from "./readable.js";
import { isCall, keyOf, what, who } from "./rows.js";
import { clockTime, text } from "./texts.js";

const pane = document.getElementById("detail");
const root = document.documentElement;

export class Detail {
  /**
   * `show(id)` opens another delivery, `sendAsNew(item)` sends one as a new message, `closed()` is called when the
   * pane has closed.
   */
  constructor(sandbox, { show, sendAsNew, closed }) {
    Object.assign(this, { sandbox, show, sendAsNew, closed, item: null, unfolded: new Set(), outcome: null });
    pane.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return this.item !== null;
  }

  /** Opens the pane for a delivery or an API call. */
  open(item) {
    const isOther = !this.item || keyOf(this.item) !== keyOf(item);
    if (isOther) this.unfolded.clear();
    this.item = item;
    pane.hidden = false;
    root.dataset.detail = "open";
    this.redraw();
    if (isOther) this.#body().scrollTop = 0;
  }

  focus() {
    pane.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    this.item = null;
    pane.hidden = true;
    pane.replaceChildren();
    delete root.dataset.detail;
    this.closed();
  }

  /** Shows the changed item; without an item the pane closes. */
  refresh(item) {
    if (!this.isOpen) return;
    if (!item) {
      this.close();
      return;
    }
    this.item = item;
    this.redraw();
  }

  /** Draws the whole pane again, and keeps its scroll position and focus. */
  redraw() {
    if (!this.isOpen) return;
    const focused = pane.contains(document.activeElement) ? document.activeElement : null;
    const top = this.#body()?.scrollTop ?? 0;
    pane.replaceChildren(...(isCall(this.item) ? this.#call(this.item) : this.#delivery(this.item)));
    this.#body().scrollTop = top;
    if (!focused) return;
    const control = focused.dataset.control && pane.querySelector(`[data-control="${CSS.escape(focused.dataset.control)}"]`);
    (control ?? pane).focus({ preventScroll: true });
  }

  /** Updates texts that depend on the time. */
  tick() {
    if (this.outcome?.ticks && this.isOpen) this.#outcomeBox?.replaceWith(this.#outcome(this.item));
  }

  /** Scrolls to an API call. */
  find(id) {
    const call = pane.querySelector(`.call[data-call="${id}"]`);
    call?.classList.add("found");
    call?.scrollIntoView({ block: "nearest" });
  }

  get #outcomeBox() {
    return pane.querySelector(".detail-outcome");
  }

  #body() {
    return pane.querySelector(".detail-body");
  }

  #delivery(item) {
    const { sandbox } = this;
    const account = sandbox.account.get(item.account)?.name || item.account;
    const calls = sandbox.callsOf(item.id);
    return [
      this.#head(`#${item.id} · ${clockTime(item.at)} · ${who(item, sandbox)} → ${account}`, this.#actions(item)),
      body(
        this.#outcome(item),
        attemptList(item, this.#view()),
        section(text("detail.url"), copyButton(text("copy"), "copy-url", () => item.url), el("pre", {}, item.url || "–")),
        this.#xml(item),
        calls.length > 0 && section(text("detail.calls", { n: calls.length }), null, callList(calls, this.#view())),
      ),
    ];
  }

  #call(call) {
    const words = [`#${call.id}`, clockTime(call.at), call.account, who(call, this.sandbox)].filter(Boolean).join(" · ");
    return [this.#head(words), body(callDetails(call, this.#view()))];
  }

  #head(words, actions) {
    const close = el(
      "button",
      { type: "button", class: "plain square", "aria-label": text("detail.close"), data: { control: "close" }, on: { click: () => this.close() } },
      icon("close"),
    );
    const heading = el("h3", { id: "detail-heading" }, what(this.item, this.sandbox));
    return el("header", { class: "detail-head" }, heading, close, el("p", { class: "count" }, words), actions);
  }

  #actions(item) {
    // A button that is disabled for a moment would lose the focus.
    const button = (control, name, isPossible, action) => {
      const on = { click: () => isPossible && run(action) };
      const properties = { type: "button", class: "small", title: text(`${control}.hint`), "aria-disabled": String(!isPossible), data: { control }, on };
      return el("button", properties, icon(name), text(control));
    };
    return el(
      "div",
      { class: "actions" },
      button("resend", "again", item.state !== "waiting", () => this.#resend(item)),
      button("renew", "send", this.sandbox.message.has(item.message), () => this.sendAsNew(item)),
    );
  }

  async #resend({ id, account }) {
    const { route_open: isOpen, route_url: url } = this.sandbox.account.get(account) ?? {};
    // The sandbox refuses these as well, but explains it in English only.
    if (this.sandbox.pausedUntil > this.sandbox.now()) throw new Error(text("reason.paused"));
    if (isOpen === false) throw new Error(text("reason.route_off"));
    if (url === "") throw new Error(text("reason.no_route"));
    await this.sandbox.resend(id);
  }

  /** The outcome of the message, in the same words as below it in the chat. */
  #outcome(item) {
    this.outcome = outcome(item, this.sandbox, this.sandbox.now());
    const { words, tone, reason } = this.outcome;
    const { entry = null, behind = null, replies = [] } = item.handling ?? {};
    // The number of an entry is known once its first attempt has begun.
    const replyEntries = replies.filter((reply) => reply.entry !== null).map((reply) => `#${reply.entry}`).join(", ");
    const toFirst = { type: "button", class: "small", data: { control: "behind" }, on: { click: () => this.show(behind) } };
    return el(
      "div",
      { class: `detail-outcome ${tone}` },
      el("p", {}, el("i", { class: `dot ${tone}` }), el("b", {}, words)),
      reason && el("p", { class: "reason" }, reason),
      behind !== null && el("button", toFirst, text("detail.behind", { n: behind })),
      entry !== null && el("p", { class: "count" }, text(replyEntries ? "detail.entries" : "detail.entry", { n: entry, replies: replyEntries })),
    );
  }

  #xml({ xml }) {
    const isRaw = this.unfolded.has("raw");
    return section(
      text("detail.xml"),
      [this.#view().toggle("raw", text("raw")), copyButton(text("copy"), "copy-xml", () => xml)],
      el("pre", { tabIndex: 0, "aria-label": text("detail.xml"), class: "xml" }, isRaw ? xml : prettyXml(xml)),
    );
  }

  /** The view that the parts of the pane share: the sandbox, folds that keep their state, and switches. */
  #view() {
    return {
      sandbox: this.sandbox,
      unfolded: this.unfolded,
      fold: (key, head, build) => this.#fold(key, head, build),
      toggle: (key, label) => {
        const on = { click: () => this.#flip(key) };
        return el("button", { type: "button", class: "plain small", "aria-pressed": String(this.unfolded.has(key)), data: { control: key }, on }, label);
      },
    };
  }

  #flip(key) {
    if (!this.unfolded.delete(key)) this.unfolded.add(key);
    this.redraw();
  }

  /** A fold whose content is built when it is opened. */
  #fold(key, head, build) {
    const inside = el("div", { class: "inside" });
    const fill = () => inside.replaceChildren(...[build()].flat(2).filter(Boolean));
    const fold = el("details", { open: this.unfolded.has(key) }, el("summary", { data: { control: key } }, head), inside);
    if (fold.open) fill();
    fold.addEventListener("toggle", () => {
      if (fold.open === this.unfolded.has(key)) return;
      if (fold.open) {
        this.unfolded.add(key);
        fill();
      } else {
        this.unfolded.delete(key);
      }
    });
    return fold;
  }
}

/** A part of the pane: heading, actions and content. */
const section = (title, actions, ...content) => el("section", {}, el("header", {}, el("h4", {}, title), actions), ...content);

/** The element that scrolls below the pane's head. */
const body = (...content) => el("div", { class: "detail-body", tabIndex: 0, data: { control: "body" }, role: "group", "aria-label": text("detail") }, ...content);
