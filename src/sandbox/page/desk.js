// The person at the desk: takes the chosen conversation over, answers the user, and hands it back to the bot.

import { attempt } from "./dialog.js";
import { isPerson } from "./dialogue.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);

export class Desk {
  /** `chosen` holds account and user; `sending()` is called before an answer is sent. */
  constructor(sandbox, chosen, sending) {
    Object.assign(this, { sandbox, chosen, sending });
    this.field = byId("desk-text");
    byId("take-over").addEventListener("click", () => this.#takeOver());
    byId("hand-back").addEventListener("click", () => this.#handBack());
    byId("desk").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer();
    });
    this.field.addEventListener("keydown", (event) => {
      // The Enter key that ends the choice of a Chinese word must not send.
      if (event.isComposing || event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      this.#answer();
    });
    sandbox.on("changed", (kind) => kind === "state" && this.show());
  }

  /** Shows all texts in the language that was chosen. */
  redraw() {
    this.field.placeholder = text("desk.placeholder");
    this.show();
  }

  /** Shows the controls that fit: those of the person while a person has the conversation, or else the one to take over. */
  show() {
    const { account, user } = this.chosen;
    const hasPerson = isPerson(this.sandbox.history(account, user).at(-1));
    const isPossible = this.sandbox.hasDesk && account !== null && user !== null;
    byId("take-over").hidden = !isPossible || hasPerson;
    for (const id of ["desk", "hand-back"]) byId(id).hidden = !isPossible || !hasPerson;
  }

  async #takeOver() {
    byId("more-actions").hidePopover();
    const { account, user } = this.chosen;
    if (!(await attempt(() => this.sandbox.takeOver(account, user)))) return;
    // The answer may come before the event that shows the field.
    byId("desk").hidden = false;
    this.field.focus();
  }

  async #handBack() {
    const { account, user } = this.chosen;
    if (await attempt(() => this.sandbox.handBack(account, user))) byId("text").focus();
  }

  async #answer() {
    const said = this.field.value;
    if (!said.trim()) return;
    this.field.value = "";
    this.sending();
    const { account, user } = this.chosen;
    // A text that could not be sent is put back, unless another one was begun meanwhile.
    if (!(await attempt(() => this.sandbox.answerAsPerson(account, user, said))) && !this.field.value) this.field.value = said;
  }
}
