// The overview: numbers of this moment, charts of a day, dead letters by reason, sending, and servers.

import "./dead_texts.js";
import "./overview_texts.js";

import { get } from "./api.js";
import { Chart, slotsOf } from "./chart.js";
import { el } from "./dom.js";
import { Failures } from "./failures.js";
import { runningJob } from "./jobs.js";
import { refill } from "./keyed.js";
import { ReasonList } from "./reason_list.js";
import { SELDOM_MS, refreshing } from "./refresh.js";
import { change } from "./router.js";
import { Sending } from "./sending.js";
import { noteTime, now, session } from "./session.js";
import { text } from "./texts.js";
import { Tiles } from "./tiles.js";
import { decimal, number, span } from "./times.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SPANS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR };
const DEFAULT_SPAN = "24h";
/** The numbers of a point: those of a minute without callbacks are zero, and its times are unknown. */
const COUNTS = ["accepted", "duplicates", "refused", "handled", "failed", "dead", "sent", "send_failed"];
const TIMES = ["ack_p50", "ack_p99"];

const millis = (value) => (value < 100 ? String(Math.round(value * 10) / 10) : number(Math.round(value)));
const whole = (value) => (Number.isInteger(value) ? number(value) : String(value));

class Overview {
  constructor(root, params) {
    this.failures = new Failures();
    this.job = el("div", { class: "jobs", hidden: true });
    this.tiles = new Tiles();
    this.spans = el(
      "div",
      { class: "segments", role: "group", "aria-label": text("charts.span") },
      Object.keys(SPANS).map((name) =>
        el(
          "button",
          { type: "button", value: name, on: { click: () => change({ span: name === DEFAULT_SPAN ? null : name }) } },
          text(`charts.${name}`),
        ),
      ),
    );
    this.charts = el("div", { class: "charts" });
    this.reasons = new ReasonList();
    this.sending = new Sending(() => this.loop.now());
    this.servers = el("div", { class: "box servers" });
    root.append(
      this.failures.element,
      el(
        "div",
        { class: "view-body overview-body", tabIndex: 0, role: "group", "aria-label": text("view.overview") },
        this.job,
        el("section", { "aria-label": text("now") }, this.tiles.element),
        el("section", {}, el("header", { class: "part-head" }, el("h2", {}, text("charts")), this.spans), this.charts),
        el("div", { class: "parts" }, this.reasons.element, this.sending.element, this.servers),
      ),
    );
    this.loop = refreshing((signal) => this.#load(signal), { kinds: ["stats", "pauses", "jobs"], every: 10_000, failed: this.failures.of("stats") });
    this.loops = [
      this.loop,
      refreshing((signal) => this.reasons.load(signal), {
        kinds: ["dead-letters"],
        every: 300_000,
        throttle: SELDOM_MS,
        failed: this.failures.of("reasons"),
      }),
    ];
    this.update(params);
  }

  update({ span: wanted }) {
    const name = Object.hasOwn(SPANS, wanted ?? "") ? wanted : DEFAULT_SPAN;
    for (const button of this.spans.children) button.setAttribute("aria-pressed", String(button.value === name));
    if (name === this.span) return;
    this.span = name;
    this.drawn = null;
    this.history?.stop();
    this.history = refreshing((signal) => this.#loadHistory(signal), { every: 60_000, failed: this.failures.of("history") });
  }

  stop() {
    for (const loop of [...this.loops, this.history]) loop.stop();
  }

  async #load(signal) {
    const stats = await get("stats", {}, { signal });
    noteTime(stats.now);
    this.tiles.show(stats);
    this.sending.show(stats.pauses);
    this.#showServers(stats.replicas);
    this.job.hidden = !stats.job;
    refill(this.job, stats.job ? [runningJob(stats.job, () => this.loop.now())] : []);
  }

  async #loadHistory(signal) {
    const { points, step } = await get("stats/history", { span: this.span }, { signal });
    const slots = slotsOf(points, { step, span: SPANS[this.span], until: now(), counts: COUNTS, times: TIMES });
    if (this.drawn !== step) this.#makeCharts(step);
    // The newest slot has not ended.
    const elapsed = (at) => Math.min(step, Math.max(MINUTE, now() - at));
    const perSecond = slots.map((slot) => ({
      at: slot.at,
      ...Object.fromEntries(["accepted", "handled", "sent"].map((key) => [key, (slot[key] * 1000) / elapsed(slot.at)])),
    }));
    this.flow.show(perSecond);
    this.trouble.show(slots);
    this.ack.show(slots);
  }

  #makeCharts(step) {
    this.drawn = step;
    const series = (...pairs) => pairs.map(([key, tone]) => ({ key, tone, label: text(`chart.${key}`) }));
    this.flow = new Chart({
      title: text("chart.flow"),
      unit: text("chart.flow.unit"),
      kind: "lines",
      format: decimal,
      series: series(["accepted", "first"], ["handled", "second"], ["sent", "third"]),
    });
    this.trouble = new Chart({
      title: text("chart.trouble"),
      unit: text("chart.trouble.unit", { span: span(step) }),
      kind: "bars",
      format: whole,
      series: series(["dead", "bad"], ["send_failed", "warn"], ["failed", "second"], ["refused", "third"], ["duplicates", "quiet"]),
    });
    this.ack = new Chart({
      title: text("chart.ack"),
      unit: text("chart.ack.unit"),
      kind: "lines",
      format: millis,
      series: series(["ack_p99", "first"], ["ack_p50", "second"]),
    });
    this.charts.replaceChildren(this.flow.element, this.trouble.element, this.ack.element);
  }

  #showServers(replicas) {
    const row = ({ name, is_this: isThis, leased }) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, el("bdi", {}, name), isThis && el("span", { class: "chip info" }, text("servers.this"))),
        el("td", { class: "number-cell" }, number(leased)),
      );
    const heads = el(
      "tr",
      {},
      el("th", { scope: "col" }, text("servers.name")),
      el("th", { scope: "col", class: "number-cell" }, text("servers.leased")),
    );
    this.servers.replaceChildren(
      el(
        "header",
        { class: "part-head" },
        el("h2", {}, text("servers")),
        el("span", { class: "count" }, text("version", { version: session.version })),
      ),
      el("table", { class: "plain-table" }, el("thead", {}, heads), el("tbody", {}, replicas.map(row))),
    );
  }
}

export const view = {
  name: "overview",
  right: "read",
  icon: "chart",
  mount: (root, params) => new Overview(root, params),
};
