// The row of an entry in a list.

import { el } from "./dom.js";
import { kindIcon, queueMark, saidOf, stateLine, toneOf, whoOf, whyWords } from "./entries.js";
import { text } from "./texts.js";
import { listTime, moment } from "./times.js";

/** The heads of the columns. */
export const rowHead = () =>
  el(
    "div",
    { class: "entry-head", "aria-hidden": "true" },
    ["at", "id", "who", "what", "state", "attempts"].map((name) => el("span", { class: `cell-${name}` }, text(`row.${name}`))),
  );

/** The row of an entry: time, number, queue, account and user, text, state, and number of tries. */
export function rowOf(row, isSelected) {
  const tone = toneOf(row);
  return el(
    "li",
    { class: `entry ${isSelected ? "found" : ""}`, id: `row-${row.id}`, role: "option", "aria-selected": String(isSelected), data: { id: row.id } },
    el("time", { class: "cell-at", title: moment(row.accepted_at) }, listTime(row.accepted_at)),
    el("span", { class: "cell-id" }, String(row.id)),
    el("span", { class: "cell-who" }, whoOf(row)),
    el("span", { class: "cell-what" }, queueMark(row.queue), kindIcon(row.kind), el("bdi", {}, saidOf(row))),
    el("span", { class: `cell-state ${tone}-text`, title: titleOf(row) }, el("i", { class: `dot ${tone}` }), el("span", {}, stateLine(row))),
    el("span", { class: `cell-attempts ${row.attempts > 1 ? "warn-text" : ""}` }, row.attempts > 0 && String(row.attempts)),
  );
}

function titleOf(row) {
  if (row.state === "pending" && row.why) return whyWords(row.why, row);
  return row.state === "dead" ? `${text("state.dead")}: ${row.reason ?? ""}` : (row.reason ?? "");
}
