// Letting time pass on the clock that the sandbox shares with its server, so that dialogues expire and timers are due.

import { ask, attempt, field, notify } from "./dialog.js";
import { clockTime, text } from "./texts.js";

const byId = (id) => document.getElementById(id);

export class Passing {
  constructor(sandbox) {
    this.sandbox = sandbox;
    for (const button of byId("passing").querySelectorAll("[data-pass]")) {
      button.addEventListener("click", () => {
        byId("more-actions").hidePopover();
        attempt(() => this.#pass(button.dataset.pass));
      });
    }
    byId("pass-own").addEventListener("click", () => this.#ask());
    this.show();
  }

  /** Shows the controls if time can pass. */
  show() {
    byId("passing").hidden = !this.sandbox.canAdvance;
  }

  /** Asks for a span of time. */
  #ask() {
    byId("more-actions").hidePopover();
    ask({
      title: text("pass"),
      fields: [field(text("pass.span"), { name: "span", value: "2h", required: true, maxLength: 40 }, text("pass.span.hint"))],
      action: text("pass"),
      submit: (data) => this.#pass(data.get("span").trim()),
    });
  }

  async #pass(span) {
    const { now } = await this.sandbox.advance(span);
    notify(text("pass.done", { time: clockTime(now) }), { tone: "good" });
  }
}
