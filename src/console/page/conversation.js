// One conversation beside its list: who has it, its dialogue state, its messages, and the form to answer.

import { AnswerForm } from "./answer.js";
import { copyButton } from "./copying.js";
import { el, icon } from "./dom.js";
import { failureWords } from "./failures.js";
import { accountWords, initialOf, visibleName } from "./names.js";
import { handBack, handOver, holder, holderWords, mayTake, returnWords, take } from "./people.js";
import { address } from "./router.js";
import { can } from "./session.js";
import { text } from "./texts.js";
import { listTime } from "./times.js";
import { Transcript } from "./transcript.js";

/** The time for which events are collected before the conversation is looked at again. */
const BATCH_MS = 500;
const TICK_MS = 10_000;

export class ConversationPane {
  #id = null;
  #shown = null;
  #timer = null;
  #ticking = null;
  #isOpen = false;
  #isWaiting = false;
  #announced = null;
  #wantsAnswer = false;

  /** `close()` leads back to the list; `changed(summary)` is called after an action on the conversation. */
  constructor({ close, changed }) {
    this.changed = changed;
    this.back = el("button", { type: "button", class: "plain square back", "aria-label": text("back"), on: { click: close } }, icon("back"));
    this.portrait = el("span", { class: "portrait", "aria-hidden": "true" });
    this.user = el("h3", { id: "pane-user", tabIndex: -1 });
    this.account = el("p", { class: "count" });
    this.actions = el("div", { class: "pane-actions" });
    this.person = el("div", { class: "holder" });
    this.state = el("details", { class: "dialogue-state", on: { toggle: () => (this.#isOpen = this.state.open) } });
    this.hidden = el("p", { class: "note pane-hidden", hidden: true }, icon("lock"), text("hidden.all"));
    this.trouble = el("p", { class: "why pane-trouble", role: "alert", hidden: true });
    this.transcript = new Transcript({ names: (side) => this.#name(side), loaded: (answer, error) => this.#loaded(answer, error) });
    this.answer = new AnswerForm({ sent: (summary) => this.#acted(summary), refused: () => this.refreshSoon() });
    this.element = el(
      "section",
      { class: "pane", "aria-labelledby": "pane-user", hidden: true },
      el("header", { class: "pane-head" }, this.back, this.portrait, el("div", { class: "pane-names" }, this.user, this.account), this.actions),
      this.person,
      this.state,
      this.hidden,
      this.trouble,
      this.transcript.element,
      this.answer.element,
    );
  }

  /** The conversation that is shown, or null. */
  get id() {
    return this.#id;
  }

  /** Shows the conversation `id` once `ready` is fulfilled; null hides the pane. */
  open(id, ready = Promise.resolve()) {
    if (this.#id === id) return;
    this.close();
    this.#id = id;
    this.element.hidden = id === null;
    if (id === null) return;
    this.#isOpen = false;
    this.#wantsAnswer = false;
    this.#ticking = setInterval(() => this.#showPerson(), TICK_MS);
    this.#isWaiting = true;
    ready.then(() => {
      if (this.#id !== id) return;
      this.#isWaiting = false;
      this.transcript.open(id);
    });
  }

  /** Stops following the conversation. */
  close() {
    clearTimeout(this.#timer);
    clearInterval(this.#ticking);
    this.#timer = null;
    this.#id = null;
    this.#shown = null;
    this.transcript.close();
    this.answer.open(null);
    this.#show();
  }

  /** Looks at the conversation again soon; several calls cause one look. */
  refreshSoon() {
    if (this.#id === null || this.#isWaiting) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.transcript.refresh();
    }, BATCH_MS);
  }

  /** Notes who has the conversation, as the desk knows it; null stands for the bot. */
  notePerson(person) {
    if (this.#shown === null || (person?.by === this.#shown.person?.by && person?.until === this.#shown.person?.until)) return;
    this.#shown = { ...this.#shown, person };
    this.#showPerson();
  }

  /** Puts the keyboard's focus on the user's name. */
  focus() {
    this.user.focus();
  }

  /** Puts the keyboard's focus into the answer, once the conversation is loaded and the reader may answer. */
  focusAnswer() {
    this.#wantsAnswer = true;
  }

  /** Whether an event of the stream is of this conversation. */
  isOf({ app, account, user }) {
    return this.#shown !== null && this.#shown.app === app && this.#shown.account === account && this.#shown.user === user;
  }

  #loaded(answer, error) {
    this.trouble.hidden = !error;
    if (error) this.trouble.textContent = error.status === 404 ? text("conversation.gone") : failureWords(error);
    if (!answer) return;
    this.#shown = answer;
    this.hidden.hidden = !answer.entries.some((entry) => entry.hidden);
    this.#show();
  }

  /** Shows the conversation after an action; its summary has the new person and state. */
  #acted(summary) {
    this.transcript.noteAction();
    this.refreshSoon();
    if (summary === null) return;
    if (this.#shown !== null && summary.id === this.#id) {
      this.#shown = { ...this.#shown, person: summary.person };
      this.#show();
    }
    this.changed(summary);
  }

  #show() {
    const { user, account } = this.#shown ?? {};
    this.portrait.textContent = initialOf(user);
    this.user.textContent = this.#shown ? visibleName(user ?? text("conversation.unnamed")) : "";
    this.#showAccount();
    this.user.title = [account, user && visibleName(user)].filter(Boolean).join(" / ");
    this.#showState();
    this.#showPerson();
  }

  /** Shows the account with a link to all entries; the link is replaced only if it changes, so that the focus stays. */
  #showAccount() {
    const state = this.#shown ? this.#id : "";
    if (this.account.dataset.shows === state) return;
    this.account.dataset.shows = state;
    if (state === "") this.account.replaceChildren();
    else
      this.account.replaceChildren(
        el("span", {}, accountWords(this.#shown)),
        el("a", { href: address("messages", { conversation: state }) }, text("conversation.entries")),
      );
  }

  #name(side) {
    return side === "user" ? (this.#shown?.user ?? "") : text(`side.${side}`, {}, side);
  }

  #showPerson() {
    const { person } = this.#shown ?? {};
    const who = this.#shown ? holder(person) : "bot";
    this.person.hidden = who === "bot";
    this.person.className = `holder ${who}`;
    const words = [holderWords(person), returnWords(person?.until)].filter(Boolean).join(" · ");
    if (this.person.textContent !== words) this.person.replaceChildren(icon("person"), el("span", {}, words));
    this.#announce(who, person);
    this.#showActions(who, person);
    if (this.#id !== null) this.answer.open(can("answer") && (who === "me" || who === "nobody") ? this.#id : null);
    if (this.#wantsAnswer && this.#shown && !this.answer.element.hidden) this.answer.focus();
    if (this.#shown) this.#wantsAnswer = false;
  }

  /** Tells screen readers who has the conversation, when that changes; the passing minutes are not read aloud. */
  #announce(who, person) {
    const state = this.#shown && [this.#id, who, person?.by].join();
    if (this.#announced && state && this.#announced !== state)
      document.getElementById("announcer")?.replaceChildren(text(`announce.${who}`, { by: person?.by }));
    this.#announced = state;
  }

  /** The buttons of what the reader may do; they are replaced only if others are wanted, so that the focus stays. */
  #showActions(who, person) {
    const id = this.#id;
    const wanted = this.#shown
      ? [
          mayTake(person) && "take",
          who === "bot" && can("answer") && "hand-over",
          (who === "me" || who === "nobody") && can("answer") && "hand-back",
        ].filter(Boolean)
      : [];
    const state = [id, who, ...wanted].join();
    if (this.actions.dataset.shows === state) return;
    this.actions.dataset.shows = state;
    const run = { take: () => take(id, person), "hand-over": () => handOver(id), "hand-back": () => handBack(id) };
    const button = (name) =>
      el(
        "button",
        {
          type: "button",
          class: name === "take" && who !== "other" ? "primary" : "",
          title: text(`action.${name}.hint`),
          data: { action: name },
          on: { click: (event) => this.#run(event.currentTarget, run[name]) },
        },
        text(name === "take" && who === "other" ? "action.take.other" : `action.${name}`),
      );
    this.actions.replaceChildren(...wanted.map(button));
  }

  async #run(button, action) {
    button.disabled = true;
    const summary = await action();
    button.disabled = false;
    this.#acted(summary);
    if (!this.answer.element.hidden && summary !== null) this.answer.focus();
  }

  #showState() {
    const { state } = this.#shown ?? {};
    this.state.hidden = !state || state.dialogue === "person";
    if (this.state.hidden) return;
    const head = text("dialogue.in", { name: state.dialogue, version: state.version, until: listTime(state.expires_at) });
    const json = state.hidden ? text("hidden.state") : JSON.stringify(state.body, null, 2);
    if (this.state.dataset.shows === head + json) return;
    this.state.dataset.shows = head + json;
    const copy = state.hidden ? null : copyButton(text("copy"), "copy-state", () => json);
    this.state.replaceChildren(
      el("summary", {}, head),
      el("div", { class: "dialogue-body" }, el("pre", { tabIndex: 0, "aria-label": text("dialogue.body") }, json), copy),
    );
    this.state.open = this.#isOpen;
  }
}
