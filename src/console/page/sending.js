// Sending, account by account: who has paused it, and the buttons that pause and resume.

import { post } from "./api.js";
import { ask, attempt } from "./dialog.js";
import { el } from "./dom.js";
import { accountWords } from "./filters.js";
import { can, session } from "./session.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";

/** The most accounts that are shown; a field finds others. */
const MOST = 8;

export class Sending {
  /** `changed()` is called when sending was paused or resumed. */
  constructor(changed) {
    this.changed = changed;
    this.pauses = [];
    this.list = el("ul", { class: "sending" });
    this.search = el("input", { type: "search", autocomplete: "off", spellcheck: false, placeholder: text("sending.filter"), "aria-label": text("sending.filter"), hidden: session.accounts.length <= MOST, on: { input: () => this.#draw() } });
    this.element = el("div", { class: "box" }, el("header", { class: "part-head boxed" }, el("h2", {}, text("sending")), this.search), this.list);
    this.#draw();
  }

  show(pauses) {
    if (JSON.stringify(pauses) === JSON.stringify(this.pauses)) return;
    this.pauses = pauses;
    this.#draw();
  }

  #draw() {
    const focused = document.activeElement?.dataset?.control;
    const wanted = this.search.value.trim().toLowerCase();
    const accounts = this.#accounts().filter(({ app, account }) => accountWords(app, account).toLowerCase().includes(wanted));
    const left = accounts.length - MOST;
    const rows = accounts.slice(0, MOST).map((account) => this.#row(account));
    if (accounts.length === 0) rows.push(el("li", { class: "count" }, text("sending.none")));
    if (left > 0) rows.push(el("li", { class: "count" }, text("sending.more", { n: left })));
    this.list.replaceChildren(...rows);
    if (focused) this.list.querySelector(`[data-control="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  /** All accounts, those that are paused first; one that the configuration no longer has may still be paused. */
  #accounts() {
    const pauseOf = ({ app, account }) => this.pauses.find((pause) => pause.app === app && pause.account === account) ?? null;
    const known = session.accounts.map((account) => ({ ...account, pause: pauseOf(account) }));
    const unknown = this.pauses.filter((pause) => !session.accounts.some(({ app, account }) => app === pause.app && account === pause.account)).map((pause) => ({ ...pause, pause }));
    return [...known.filter(({ pause }) => pause), ...unknown, ...known.filter(({ pause }) => !pause)];
  }

  #row({ app, account, pause }) {
    const name = accountWords(app, account);
    const control = `sending-${app}-${account}`;
    const act = pause ? () => attempt(() => this.#act("pauses/resume", { app, account })) : () => this.#askPause(name, { app, account });
    return el(
      "li",
      {},
      el("i", { class: `dot ${pause ? "warn" : "good"}` }),
      el("bdi", {}, name),
      el("span", { class: pause ? "warn-text" : "count" }, pause ? text("sending.paused", { who: pause.by, at: listTime(pause.since) }) : text("sending.on")),
      can("send") && el("button", { type: "button", class: "small", "aria-label": `${text(pause ? "sending.resume" : "sending.pause")}: ${name}`, data: { control }, on: { click: act } }, text(pause ? "sending.resume" : "sending.pause")),
    );
  }

  #askPause(name, which) {
    ask({ title: text("sending.pause.title", { account: name }), fields: [el("p", {}, text("sending.pause.hint"))], action: text("sending.pause"), submit: () => this.#act("pauses", which) });
  }

  async #act(path, which) {
    await post(path, which);
    this.changed();
  }
}
