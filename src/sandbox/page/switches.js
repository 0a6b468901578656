// Fault injection: a switch and a share for each fault, presets, and the pause in pushing.

import { attempt } from "./dialog.js";
import { el } from "./dom.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);

const GROUPS = {
  delivery: ["duplicate", "simultaneous", "replayed_signature", "drop_answer", "slow_ms", "pause_after_timeouts"],
  trust: ["wrong_signature", "stale_signature", "forged_body"],
  content: ["malformed_xml", "unknown_kind", "mended_end_tag"],
  api: ["api_internal_error", "api_rate_exceeded", "api_status_500", "api_cut", "api_silent"],
};
/** The switch for well-formed end tags, which is no fault. */
const MENDED_END_TAG = "mended_end_tag";
/** The switches without a share. */
const FLAGS = new Set([MENDED_END_TAG, "pause_after_timeouts"]);
const NAMES = Object.values(GROUPS).flat();
const offValue = (name) => (FLAGS.has(name) ? false : 0);
/** The faults of each preset; a preset switches all other faults off. */
const PRESETS = {
  bad_day: {
    duplicate: 0.3,
    simultaneous: 0.1,
    drop_answer: 0.3,
    slow_ms: 500,
    replayed_signature: 0.2,
    wrong_signature: 0.2,
    malformed_xml: 0.1,
    unknown_kind: 0.1,
    api_internal_error: 0.2,
    api_rate_exceeded: 0.1,
    api_cut: 0.1,
  },
  flaky_network: { duplicate: 0.2, drop_answer: 0.4, slow_ms: 1000, api_cut: 0.3 },
  attackers: { wrong_signature: 0.5, stale_signature: 0.5, replayed_signature: 0.5, forged_body: 0.5, malformed_xml: 0.3 },
  api_trouble: { api_internal_error: 0.3, api_rate_exceeded: 0.2, api_status_500: 0.2, api_cut: 0.1, api_silent: 0.05 },
};
/** The interval at which the remaining time of a pause is updated. */
const TICK_MS = 1000;

const allOff = () => Object.fromEntries(NAMES.map((name) => [name, offValue(name)]));

export class Switches {
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.rows = new Map();
    byId("all-off").addEventListener("click", () => this.#set(allOff()));
    sandbox.on("changed", (kind) => (kind === "faults" || kind === "paused") && this.show());
    setInterval(() => this.#showPause(), TICK_MS);
    this.redraw();
  }

  /** Builds all rows again, in the language that was chosen. */
  redraw() {
    const groups = Object.entries(GROUPS).map(([group, names]) =>
      el("fieldset", { class: "switch-group" }, el("legend", {}, text(`group.${group}`)), names.flatMap((name) => this.#row(name))),
    );
    byId("switch-list").replaceChildren(...groups);
    byId("presets").replaceChildren(...Object.keys(PRESETS).map((name) => this.#preset(name)));
    this.show();
  }

  /** Shows the faults of the sandbox. */
  show() {
    const faults = this.sandbox.faults;
    let on = 0;
    for (const [name, row] of this.rows) {
      const value = faults[name] ?? offValue(name);
      row.show(value);
      if (value && name !== MENDED_END_TAG) on += 1;
    }
    for (const button of byId("presets").children) {
      button.setAttribute("aria-pressed", String(isSet(faults, PRESETS[button.dataset.preset])));
    }
    this.#showPause();
    byId("all-off").disabled = on === 0 && !faults[MENDED_END_TAG];
    for (const badge of document.querySelectorAll("[data-switches-on]")) {
      badge.hidden = on === 0;
      badge.textContent = on;
    }
  }

  /** Shows the pause in pushing with its remaining time. */
  #showPause() {
    const left = Math.ceil(((this.sandbox.pausedUntil ?? 0) - this.sandbox.now()) / 1000);
    for (const line of document.querySelectorAll("[data-paused]")) {
      line.hidden = left <= 0;
      line.textContent = left > 0 ? text("paused", { s: left }) : "";
    }
  }

  #preset(name) {
    // The switch for well-formed end tags is no fault, so a preset leaves it unchanged.
    const { [MENDED_END_TAG]: _, ...others } = allOff();
    const on = { click: () => this.#set({ ...others, ...PRESETS[name] }) };
    return el("button", { type: "button", class: "small", data: { preset: name }, title: text(`preset.${name}.hint`), on }, text(`preset.${name}`));
  }

  #row(name) {
    if (name === "slow_ms") return [this.#slowness(name)];
    const box = el("input", { type: "checkbox", id: `switch-${name}`, role: "switch", "aria-describedby": `hint-${name}` });
    const flip = el(
      "label",
      { class: name === MENDED_END_TAG ? "switch calm" : "switch" },
      box,
      el("span", { class: "switch-name" }, text(name)),
      el("span", { class: "switch-hint", id: `hint-${name}` }, text(`${name}.hint`)),
      el("span", { class: "switch-track", "aria-hidden": "true" }),
    );
    box.addEventListener("change", () => this.#set({ [name]: FLAGS.has(name) ? box.checked : Number(box.checked) }));
    if (FLAGS.has(name)) {
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

/** Whether the faults are those of a preset, and no others. */
const isSet = (faults, preset) => NAMES.every((name) => name === MENDED_END_TAG || (faults[name] ?? offValue(name)) === (preset[name] ?? offValue(name)));

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
