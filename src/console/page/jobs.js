// Jobs and their progress.

import { post } from "./api.js";
import { attempt } from "./dialog.js";
import { el } from "./dom.js";
import { filterWords } from "./filters.js";
import { can } from "./session.js";
import { text } from "./texts.js";
import { listTime, moment, number, span } from "./times.js";

/** The element of a running job: progress, remaining time, and a button that cancels it. */
export function runningJob(job, changed) {
  const { done, skipped, total, rate } = job;
  const seen = done + skipped;
  const left = Math.max(0, total - seen);
  const cancel = () =>
    attempt(async () => {
      await post(`jobs/${job.id}/cancel`);
      changed();
    });
  return el(
    "div",
    { class: "job" },
    el(
      "p",
      { class: "job-line" },
      el("b", {}, text(`job.${job.action}.running`)),
      el("span", { class: "count" }, filterLine(job)),
      el("span", { class: "count" }, text("job.by", { who: job.by, at: listTime(job.created_at) })),
    ),
    el("progress", { max: Math.max(1, total), value: Math.min(seen, total), "aria-label": text(`job.${job.action}.running`) }),
    el(
      "p",
      { class: "job-line" },
      el("span", {}, text("job.progress", { done: number(done), total: number(total) })),
      skipped > 0 && el("span", { class: "count" }, text("job.skipped", { n: number(skipped) })),
      el("span", { class: "count" }, text("job.rate.now", { rate: number(rate), span: span((left / rate) * 1000) })),
      can("operate") &&
        el("button", { type: "button", class: "small danger", data: { control: `cancel-${job.id}` }, on: { click: cancel } }, text("job.cancel")),
    ),
  );
}

/** The jobs that have ended, as a table. */
export function endedJobs(jobs) {
  const row = (job) =>
    el(
      "tr",
      {},
      el("td", { title: moment(job.created_at) }, listTime(job.created_at)),
      el("td", {}, text(`job.action.${job.action}`, {}, job.action)),
      el("td", { class: "wide-cell" }, filterLine(job)),
      el("td", { class: "number-cell" }, text("job.progress", { done: number(job.done), total: number(job.total) })),
      el("td", { class: "number-cell" }, job.skipped > 0 ? number(job.skipped) : "–"),
      el("td", {}, el("span", { class: `chip ${job.state === "done" ? "good" : "warn"}` }, text(`job.state.${job.state}`, {}, job.state))),
      el("td", {}, job.by),
    );
  const heads = ["at", "action", "filter", "done", "skipped", "state", "by"].map((name) =>
    el("th", { scope: "col", class: ["done", "skipped"].includes(name) ? "number-cell" : "" }, text(`job.head.${name}`)),
  );
  return el(
    "table",
    { class: "plain-table" },
    el("caption", {}, text("job.ended")),
    el("thead", {}, el("tr", {}, heads)),
    el("tbody", {}, jobs.map(row)),
  );
}

const filterLine = (job) => filterWords(typeof job.filter === "string" ? {} : job.filter).join(" · ");
