// The API calls of the server under test: requests and answers.

import { copyButton } from "./copying.js";
import { el } from "./dom.js";
import { formTable, prettyJson } from "./readable.js";
import { preciseTime, shortSpan, text } from "./texts.js";

/** The largest number of API calls that are shown for one delivery: a busy bot makes hundreds. */
const MOST_CALLS = 20;

/** The elements of the newest calls, oldest first; `view` is the pane's view. */
export function callList(calls, view) {
  const left = calls.length - MOST_CALLS;
  return [
    left > 0 && el("p", { class: "count" }, text("calls.more", { n: left })),
    ...calls.slice(-MOST_CALLS).map((call) => callDetails(call, view)),
  ];
}

/** The element of a call: time, path and duration; the reason of a refusal; body and answer. */
export function callDetails(call, view) {
  const { id, at, method, path, ms, refused, body, answer } = call;
  return el(
    "div",
    { class: "call", data: { call: id } },
    el(
      "div",
      { class: "call-line" },
      el("time", {}, preciseTime(at)),
      el("code", {}, `${method} ${path}`),
      el("span", { class: "ms" }, shortSpan(ms)),
      callChip(call),
    ),
    refused && el("p", { class: "why" }, refused),
    body && block(text("call.body"), `body-${id}`, body, call.body_type === "form" ? formTable : json, view),
    answer && block(text("call.answer"), `answer-${id}`, answer, json, view),
  );
}

/** The platform's answer in a word. */
export function callWord({ refused, fault, status }) {
  if (fault) return text(`fault.${fault}`, {}, fault);
  if (refused) return text("call.refused");
  return status === null ? text("call.unanswered") : String(status);
}

function callChip(call) {
  const tone = call.fault ? "warn" : call.refused || call.status !== 200 ? "bad" : "good";
  return el("span", { class: `chip ${tone}` }, callWord(call));
}

/** The body, indented for reading or unchanged. */
function block(title, key, words, readable, view) {
  const isRaw = view.unfolded.has(`raw-${key}`);
  return el(
    "div",
    {},
    el("header", {}, el("h5", {}, title), view.toggle(`raw-${key}`, text("raw")), copyButton(text("copy"), `copy-${key}`, () => words)),
    isRaw ? el("pre", { tabIndex: 0, "aria-label": title }, words) : readable(words, title),
  );
}

const json = (words, title) => el("pre", { tabIndex: 0, "aria-label": title }, prettyJson(words) ?? words);
