// The note above a view that says what could not be loaded; it goes away when everything can be loaded again.

import { reasonWords } from "./dialog.js";
import { el } from "./dom.js";
import { text } from "./texts.js";

/** That something could not be loaded, and why. */
export const failureWords = (error) => text("error.load", { why: reasonWords(error) });

export class Failures {
  constructor() {
    this.element = el("div", { class: "note bad", role: "alert", hidden: true });
    this.failures = new Map();
  }

  /** A function for the loads called `name`: it is given an error, or null after a success. */
  of(name) {
    return (error) => {
      if (error) this.failures.set(name, failureWords(error));
      else this.failures.delete(name);
      const words = [...new Set(this.failures.values())].join(" ");
      // Words that stay the same are not read aloud again.
      if (this.element.textContent !== words) this.element.textContent = words;
      this.element.hidden = words === "";
    };
  }
}
