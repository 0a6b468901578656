// Charts over time: lines or stacked bars as SVG, a legend that reads out the point under the pointer, and a table behind.

import { el, svg } from "./dom.js";
import { text } from "./texts.js";
import { axisTime, pointTime } from "./times.js";

/** The size of the drawing's own units; the browser stretches them. */
const WIDTH = 1000;
const HEIGHT = 100;
/** The number of times below the drawing. */
const TICKS = 5;

export class Chart {
  /**
   * `series` holds `{ key, label, tone }`, drawn in this order; `kind` is `lines` or `bars`, which are stacked;
   * `format(value)` writes a value, `unit` says what it is.
   */
  constructor({ title, unit, series, kind, format }) {
    Object.assign(this, { title, series, kind, format, slots: [], at: null });
    this.readout = el("p", { class: "chart-time count" });
    this.values = new Map(series.map(({ key }) => [key, el("b", {})]));
    const legend = series.map(({ key, label, tone }) => el("li", {}, el("i", { class: `key ${tone}` }), el("span", {}, label), this.values.get(key)));
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", tabindex: "0", class: "plot" });
    this.top = el("span", {});
    this.middle = el("span", {});
    this.ticks = el("div", { class: "chart-ticks", "aria-hidden": "true" });
    this.table = el("div", { class: "table-scroll", tabIndex: 0, role: "group", "aria-label": title });
    this.behind = el("details", { on: { toggle: () => this.#fillTable() } }, el("summary", {}, text("chart.table")), this.table);
    this.element = el(
      "figure",
      { class: "chart" },
      el("figcaption", {}, el("h3", {}, title), el("span", { class: "count" }, unit), this.readout),
      el("ul", { class: "legend" }, legend),
      el(
        "div",
        { class: "plot-frame" },
        this.svg,
        el("div", { class: "chart-axis", "aria-hidden": "true" }, this.top, this.middle, el("span", {}, "0")),
      ),
      this.ticks,
      this.behind,
    );
    this.svg.addEventListener("pointermove", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => this.#read(null));
    this.svg.addEventListener("keydown", (event) => this.#step(event));
    this.svg.addEventListener("blur", () => this.#read(null));
  }

  /** Shows the slots, oldest first: each has `at` and a value or null for each series. */
  show(slots) {
    this.slots = slots;
    const peak = Math.max(0, ...slots.map((slot) => this.#height(slot)));
    // Bars are whole numbers.
    const most = niceCeiling(peak, this.kind === "bars" ? 2 : 1);
    this.top.textContent = this.format(most);
    this.middle.textContent = this.format(most / 2);
    const paths = this.kind === "bars" ? this.#bars(most) : this.#lines(most);
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, hidden: "" });
    this.svg.replaceChildren(svg("path", { class: "grid", d: `M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}` }), ...paths, this.cursor);
    this.svg.setAttribute("aria-label", text("chart.said", { title: this.title, peak: this.format(peak), last: this.#lastWords() }));
    const span = (slots.at(-1)?.at ?? 0) - (slots[0]?.at ?? 0);
    const at = (index) => slots[Math.round((index / (TICKS - 1)) * (slots.length - 1))]?.at;
    this.ticks.replaceChildren(...Array.from({ length: TICKS }, (_, index) => el("span", {}, slots.length > 0 ? axisTime(at(index), span) : "")));
    this.#read(this.at);
    this.#fillTable();
  }

  #height(slot) {
    const values = this.series.map(({ key }) => slot[key] ?? 0);
    return this.kind === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  }

  #lastWords() {
    const last = this.slots.at(-1);
    return last ? this.series.map(({ key, label }) => `${label} ${this.#value(last, key)}`).join(", ") : "–";
  }

  #value = (slot, key) => (slot[key] === null || slot[key] === undefined ? "–" : this.format(slot[key]));

  #lines(most) {
    return this.series.map(({ key, tone }) => {
      let d = "";
      let isDrawing = false;
      this.slots.forEach((slot, index) => {
        const value = slot[key];
        if (value === null || value === undefined) {
          isDrawing = false;
          return;
        }
        d += `${isDrawing ? "L" : "M"}${place(index + 0.5, this.slots.length)} ${round(HEIGHT - (value / most) * HEIGHT)}`;
        isDrawing = true;
      });
      return svg("path", { class: `line ${tone}`, d });
    });
  }

  #bars(most) {
    const bases = this.slots.map(() => 0);
    return this.series.map(({ key, tone }) => {
      let d = "";
      this.slots.forEach((slot, index) => {
        const value = slot[key] ?? 0;
        if (value === 0) return;
        const bottom = HEIGHT - (bases[index] / most) * HEIGHT;
        bases[index] += value;
        const top = HEIGHT - (bases[index] / most) * HEIGHT;
        d += `M${place(index + 0.1, this.slots.length)} ${round(bottom)}V${round(top)}H${place(index + 0.9, this.slots.length)}V${round(bottom)}Z`;
      });
      return svg("path", { class: `bar ${tone}`, d });
    });
  }

  #point({ clientX }) {
    const { left, width } = this.svg.getBoundingClientRect();
    this.#read(Math.min(this.slots.length - 1, Math.max(0, Math.floor(((clientX - left) / width) * this.slots.length))));
  }

  /** Moves through the points with Left and Right. */
  #step(event) {
    const last = this.slots.length - 1;
    const steps = { ArrowLeft: Math.max(0, (this.at ?? last + 1) - 1), ArrowRight: Math.min(last, (this.at ?? last) + 1), Home: 0, End: last };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.#read(steps[event.key]);
    document
      .getElementById("announcer")
      .replaceChildren(
        this.readout.textContent,
        ": ",
        this.series.map(({ key, label }) => `${label} ${this.#value(this.slots[this.at], key)}`).join(", "),
      );
  }

  /** Reads out a point; without one, the newest. */
  #read(index) {
    this.at = index;
    const slot = this.slots[index ?? this.slots.length - 1];
    for (const [key, value] of this.values) value.textContent = slot ? this.#value(slot, key) : "–";
    this.readout.textContent = slot && index !== null ? pointTime(slot.at) : "";
    if (!this.cursor) return;
    this.cursor.toggleAttribute("hidden", index === null || !slot);
    const x = place((index ?? 0) + 0.5, this.slots.length);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
  }

  /** The table is made when it is opened. */
  #fillTable() {
    if (!this.behind.open) {
      this.table.replaceChildren();
      return;
    }
    const heads = [text("chart.time"), ...this.series.map(({ label }) => label)].map((label, index) =>
      el("th", { scope: "col", class: index > 0 ? "number-cell" : "" }, label),
    );
    const rows = this.slots.toReversed().map((slot) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, pointTime(slot.at)),
        this.series.map(({ key }) => el("td", { class: "number-cell" }, this.#value(slot, key))),
      ),
    );
    this.table.replaceChildren(
      el(
        "table",
        { class: "plain-table" },
        el("caption", { class: "unseen" }, this.title),
        el("thead", {}, el("tr", {}, heads)),
        el("tbody", {}, rows),
      ),
    );
  }
}

/**
 * The points of a history in slots of one `step` each, `span` long and up to the time `until`. A point that is left out has
 * zeros for `counts` and null for `times`.
 */
export function slotsOf(points, { step, span, until, counts, times }) {
  const size = Math.round(span / step);
  const last = Math.floor(until / step) * step;
  const empty = Object.fromEntries([...counts.map((name) => [name, 0]), ...times.map((name) => [name, null])]);
  const slots = Array.from({ length: size }, (_, index) => ({ ...empty, at: last - (size - 1 - index) * step }));
  for (const point of points) {
    const slot = slots[size - 1 - Math.round((last - point.at) / step)];
    if (slot) Object.assign(slot, point, { at: slot.at });
  }
  return slots;
}

/** The next of some round numbers that a value does not exceed; its half is a round number, too. */
function niceCeiling(value, least) {
  if (value <= least) return least;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8].map((factor) => factor * power).find((ceiling) => ceiling >= value) ?? 10 * power;
}

const round = (value) => Math.round(value * 100) / 100;
const place = (index, count) => round((index / count) * WIDTH);
