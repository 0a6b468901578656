// Sending, account by account: who has paused it, and the buttons that pause and resume.

import { post } from "./api.js";
import { ask, attempt, field } from "./dialog.js";
import { el } from "./dom.js";
import { refill } from "./keyed.js";
import { accountWords } from "./names.js";
import { can, knownAccounts, session } from "./session.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";

/** The most accounts that are shown; a field finds others. */
const MOST = 8;

export class Sending {
  /** `changed()` is called when sending was paused or resumed. */
  constructor(changed) {
    this.changed = changed;
    this.pauses = null;
    this.list = el("ul", { class: "sending" });
    this.search = el("input", {
      type: "search",
      autocomplete: "off",
      spellcheck: false,
      placeholder: text("sending.filter"),
      "aria-label": text("sending.filter"),
      hidden: knownAccounts().length <= MOST,
      on: { input: () => this.pauses && this.#draw() },
    });
    this.element = el("div", { class: "box" }, el("header", { class: "part-head boxed" }, el("h2", {}, text("sending")), this.search), this.list);
  }

  /** Shows the accounts with these pauses. */
  show(pauses) {
    if (JSON.stringify(pauses) === JSON.stringify(this.pauses)) return;
    this.pauses = pauses;
    this.#draw();
  }

  #draw() {
    const wanted = this.search.value.trim().toLowerCase();
    const accounts = this.#accounts().filter((account) => accountWords(account).toLowerCase().includes(wanted));
    const left = accounts.length - MOST;
    const rows = accounts.slice(0, MOST).map((account) => this.#row(account));
    if (accounts.length === 0) rows.push(el("li", { class: "count" }, text("sending.none")));
    if (left > 0) rows.push(el("li", { class: "count" }, text("sending.more", { n: left })));
    if (can("send"))
      rows.push(
        el(
          "li",
          { class: "another" },
          el(
            "button",
            { type: "button", class: "plain small", data: { control: "sending-another" }, on: { click: () => this.#askAnother() } },
            text("sending.another"),
          ),
        ),
      );
    refill(this.list, rows);
  }

  /** All accounts, those that are paused first; one that the configuration no longer has may still be paused. */
  #accounts() {
    const pauseOf = ({ app, account }) => this.pauses.find((pause) => pause.app === app && pause.account === account) ?? null;
    const known = knownAccounts().map((account) => ({ ...account, pause: pauseOf(account) }));
    const unknown = this.pauses
      .filter((pause) => !session.accounts.some(({ app, account }) => app === pause.app && account === pause.account))
      .map((pause) => ({ ...pause, pause }));
    return [...known.filter(({ pause }) => pause), ...unknown, ...known.filter(({ pause }) => !pause)];
  }

  #row({ app, account, pause }) {
    const name = accountWords({ app, account });
    const control = `sending-${app}-${account}`;
    const act = pause ? () => attempt(() => this.#act("pauses/resume", { app, account })) : () => this.#askPause(name, { app, account });
    return el(
      "li",
      {},
      el("i", { class: `dot ${pause ? "warn" : "good"}` }),
      el(
        "p",
        {},
        el("bdi", {}, name),
        el(
          "span",
          { class: pause ? "warn-text" : "count" },
          pause ? text("sending.paused", { who: pause.by, at: listTime(pause.since) }) : text("sending.on"),
        ),
      ),
      can("send") &&
        el(
          "button",
          {
            type: "button",
            class: "small",
            "aria-label": `${text(pause ? "sending.resume" : "sending.pause")}: ${name}`,
            data: { control },
            on: { click: act },
          },
          text(pause ? "sending.resume" : "sending.pause"),
        ),
    );
  }

  #askPause(name, which) {
    ask({
      title: text("sending.pause.title", { account: name }),
      fields: [el("p", {}, text("sending.pause.hint"))],
      action: text("sending.pause"),
      submit: () => this.#act("pauses", which),
    });
  }

  /** Asks for an account that the server has not heard of yet. */
  #askAnother() {
    const apps = [...new Set(session.accounts.map(({ app }) => app))];
    const app = el(
      "label",
      { class: "boxed", hidden: apps.length < 2 },
      text("sending.app"),
      el(
        "select",
        { name: "app" },
        apps.map((key) => el("option", { value: key }, key)),
      ),
    );
    ask({
      title: text("sending.another"),
      fields: [
        app,
        field(text("filter.account"), { name: "account", required: true, maxLength: 64 }),
        el("p", { class: "hint" }, text("sending.pause.hint")),
      ],
      action: text("sending.pause"),
      submit: (data) => this.#act("pauses", { app: data.get("app"), account: data.get("account").trim() }),
    });
  }

  async #act(path, which) {
    await post(path, which);
    this.changed();
  }
}
