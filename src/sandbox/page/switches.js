// Fault injection: each fault on or off, and for what share.

import { attempt } from "./dialog.js";
import { el } from "./dom.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);

const GROUPS = {
  delivery: ["duplicate", "simultaneous", "replayed_signature", "drop_answer", "slow_ms"],
  trust: ["wrong_signature", "stale_signature", "forged_body"],
  content: ["malformed_xml", "unknown_kind", "mended_end_tag"],
  api: ["api_internal_error", "api_rate_exceeded", "api_status_500", "api_cut", "api_silent"],
};
/** Not a fault, but the more orderly way. */
const CALM = "mended_end_tag";
const NAMES = Object.values(GROUPS).flat();
const offValue = (name) => (name === CALM ? false : 0);

export class Switches {
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.rows = new Map();
    byId("all-off").addEventListener("click", () => this.#set(Object.fromEntries(NAMES.map((name) => [name, offValue(name)]))));
    sandbox.on("changed", (kind) => kind === "faults" && this.show());
    this.redraw();
  }

  /** Another language: builds all rows again. */
  redraw() {
    const groups = Object.entries(GROUPS).map(([group, names]) =>
      el("fieldset", { class: "switch-group" }, el("legend", {}, text(`group.${group}`)), names.flatMap((name) => this.#row(name))),
    );
    byId("switch-list").replaceChildren(...groups);
    this.show();
  }

  /** Shows what the sandbox says. */
  show() {
    const faults = this.sandbox.faults;
    let on = 0;
    for (const [name, row] of this.rows) {
      const value = faults[name] ?? offValue(name);
      row.show(value);
      if (value && name !== CALM) on += 1;
    }
    byId("all-off").disabled = on === 0 && !faults[CALM];
    for (const badge of document.querySelectorAll("[data-switches-on]")) {
      badge.hidden = on === 0;
      badge.textContent = on;
    }
  }

  #row(name) {
    if (name === "slow_ms") return [this.#slowness(name)];
    const box = el("input", { type: "checkbox", id: `switch-${name}`, role: "switch", "aria-describedby": `hint-${name}` });
    const flip = el(
      "label",
      { class: name === CALM ? "switch calm" : "switch" },
      box,
      el("span", { class: "switch-name" }, text(name)),
      el("span", { class: "switch-hint", id: `hint-${name}` }, text(`${name}.hint`)),
      el("span", { class: "switch-track", "aria-hidden": "true" }),
    );
    box.addEventListener("change", () => this.#set({ [name]: name === CALM ? box.checked : Number(box.checked) }));
    if (name === CALM) {
      this.rows.set(name, { show: (value) => (box.checked = value) });
      return [flip];
    }
    const share = amount(text(name.startsWith("api_") ? "share.api" : "share"), { min: 5, max: 100, step: 5 }, (value) => `${value} %`);
    share.input.addEventListener("change", () => this.#set({ [name]: share.input.valueAsNumber / 100 }));
    this.rows.set(name, {
      show(value) {
        box.checked = value > 0;
        share.element.hidden = !(value > 0);
        share.show(Math.round(value * 100));
      },
    });
    return [flip, share.element];
  }

  #slowness(name) {
    const slow = amount(text(name), { min: 0, max: 10_000, step: 250 }, (value) => (value > 0 ? text("ms", { n: value }) : text("off")), text(`${name}.hint`));
    slow.input.addEventListener("change", () => this.#set({ [name]: slow.input.valueAsNumber }));
    this.rows.set(name, { show: slow.show });
    return slow.element;
  }

  async #set(changes) {
    const now = await attempt(() => this.sandbox.setFaults(changes));
    if (now) this.sandbox.faults = now;
    this.show();
  }
}

/** A slider with its value in words. */
function amount(label, range, words, hint) {
  const input = el("input", { type: "range", ...range });
  const output = el("span", { class: "amount-value" });
  const say = () => {
    output.textContent = words(input.valueAsNumber);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", say);
  const show = (value) => {
    input.value = value;
    say();
  };
  const element = el("label", { class: "amount" }, el("span", {}, label), output, hint && el("span", { class: "switch-hint" }, hint), input);
  return { element, input, show };
}
