// The form in which a person answers a user: text, a picture by its address, saved phrases.

import { newKey, post } from "./api.js";
import { ask, field } from "./dialog.js";
import { el, icon, safeAddress } from "./dom.js";
import { noteRefusal } from "./people.js";
import { PhraseList } from "./phrases.js";
import { session } from "./session.js";
import { text } from "./texts.js";

/** The largest text that the platform takes, in bytes of UTF-8, and the rest from which the form shows how much is left. */
const MOST_BYTES = 2000;
const SHOW_LEFT = 300;
/** The time without typing after which the picture of an address is loaded. */
const TYPING_MS = 800;

/** The texts that were begun and not sent, each with its conversation. */
const drafts = new Map();

/** What was sent last without an answer of the server: sent again unchanged it keeps its key, so that it arrives once. */
const unanswered = new Map();

export class AnswerForm {
  #id = null;
  #isSending = false;

  /** `sent(summary)` is called after each answer, `refused()` if somebody else or the bot has the conversation. */
  constructor({ sent, refused }) {
    Object.assign(this, { sent, refused });
    const placeholder = text(session.phrases.length > 0 ? "answer.placeholder.phrases" : "answer.placeholder");
    const on = { input: () => this.#typed(), keydown: (event) => this.#onKey(event) };
    this.field = el("textarea", {
      class: "answer-text",
      rows: 1,
      enterKeyHint: "send",
      placeholder,
      "aria-label": text("answer.placeholder"),
      "aria-describedby": "answer-left",
      on,
    });
    this.left = el("p", { class: "answer-left", id: "answer-left" });
    const image = el(
      "button",
      {
        type: "button",
        class: "plain square",
        title: text("answer.image"),
        "aria-label": text("answer.image"),
        on: { click: () => this.#askForPicture() },
      },
      icon("image"),
    );
    this.send = el(
      "button",
      { type: "submit", class: "primary square", title: text("answer.send"), "aria-label": text("answer.send") },
      icon("send"),
    );
    this.phrases = new PhraseList(this.field, { chosen: (phrase) => this.#insert(phrase) });
    this.element = el(
      "form",
      { class: "answer", hidden: true, "aria-label": text("answer"), on: { submit: (event) => this.#submit(event) } },
      this.phrases.element,
      this.left,
      el("div", { class: "compose-row" }, image, this.phrases.button, this.field, this.send),
    );
  }

  /** Shows the draft of the conversation `id`; null hides the form. */
  open(id) {
    if (this.#id === id) return;
    this.phrases.close();
    this.#id = id;
    this.element.hidden = id === null;
    this.field.value = drafts.get(id) ?? "";
    this.#showLeft();
  }

  /** Puts the keyboard's focus into the text. */
  focus() {
    this.field.focus();
  }

  #onKey(event) {
    // The Enter key that ends the choice of a Chinese word must not send.
    if (event.isComposing || this.phrases.takesKey(event) || event.key !== "Enter" || event.shiftKey) return;
    this.#submit(event);
  }

  #typed() {
    if (this.field.value === "") drafts.delete(this.#id);
    else drafts.set(this.#id, this.field.value);
    this.phrases.typed();
    this.#showLeft();
  }

  #insert(phrase) {
    this.field.setRangeText(phrase, ...this.phrases.range(), "end");
    this.field.focus();
    this.#typed();
  }

  /** Says how many bytes are left, once they are few. */
  #showLeft() {
    const left = MOST_BYTES - new TextEncoder().encode(this.field.value).length;
    this.left.hidden = left > SHOW_LEFT;
    this.left.classList.toggle("bad-text", left < 0);
    this.left.textContent = this.left.hidden ? "" : text(left < 0 ? "answer.over" : "answer.left", { n: Math.abs(left) });
    this.send.disabled = left < 0 || this.#isSending;
  }

  async #submit(event) {
    event.preventDefault();
    const said = this.field.value;
    if (!said.trim() || this.send.disabled) return;
    const id = this.#id;
    this.#isSending = true;
    this.#showLeft();
    try {
      await this.#post(id, { text: said });
      if (drafts.get(id) === said) drafts.delete(id);
      // A text that was changed while it was sent is the beginning of the next one.
      if (this.#id === id && this.field.value === said) this.field.value = "";
    } catch (error) {
      noteRefusal(error);
      if (error.status === 409) this.refused();
    }
    this.#isSending = false;
    this.#showLeft();
  }

  /** Sends an answer. The key belongs to conversation and content, until the server has answered. */
  async #post(id, answer) {
    const content = JSON.stringify(answer);
    const begun = unanswered.get(id);
    const key = begun?.content === content ? begun.key : newKey();
    unanswered.set(id, { content, key });
    const summary = await post(`conversations/${id}/answer`, answer, { key });
    unanswered.delete(id);
    this.sent(summary);
  }

  #askForPicture() {
    const id = this.#id;
    const preview = el("img", { class: "preview", alt: "", hidden: true, referrerPolicy: "no-referrer" });
    const trouble = el("p", { class: "hint bad-text", role: "status" });
    let timer = null;
    const show = (address) => {
      if (address) preview.src = address;
      else preview.removeAttribute("src");
    };
    const input = ({ target }) => {
      const address = safeAddress(target.value);
      trouble.textContent = "";
      preview.hidden = true;
      target.setCustomValidity(address ? "" : text("answer.image.address"));
      // The beginning of an address may be the address of somebody else.
      clearTimeout(timer);
      timer = setTimeout(() => show(address), TYPING_MS);
    };
    preview.addEventListener("load", () => (preview.hidden = false));
    preview.addEventListener("error", () => preview.src && (trouble.textContent = text("answer.image.gone")));
    ask({
      title: text("answer.image"),
      fields: [
        field(
          text("answer.image.url"),
          { type: "url", name: "url", required: true, placeholder: "https://", on: { input } },
          text("answer.image.hint"),
        ),
        trouble,
        preview,
      ],
      action: text("answer.send"),
      submit: (data) => this.#post(id, { image: safeAddress(data.get("url")) }),
    });
  }
}
