// The attempts of a delivery: the platform's own tries, and the requests that fault injection adds to them.

import { copyButton } from "./copying.js";
import { curl } from "./curl.js";
import { el } from "./dom.js";
import { errorWords } from "./outcome.js";
import { formTable, headerTable, prettyXml, sentence } from "./readable.js";
import { isTry } from "./rows.js";
import { preciseTime, shortSpan, text } from "./texts.js";

/** The length of an answer in the line of its attempt, in characters; the fold has the whole answer. */
const EXCERPT = 200;

/** The faults that send the message itself again. */
const REPEATS = new Set(["duplicate", "simultaneous", "replayed_signature"]);

/** The elements of all attempts, oldest first; `view` is the pane's view. */
export function attemptList(delivery, view) {
  const { attempts } = delivery;
  if (attempts.length === 0) return null;
  const lines = attempts.map((attempt, index) => line(attempt, attempts.slice(0, index), delivery, view));
  return el(
    "section",
    {},
    el("header", {}, el("h4", {}, text("detail.attempts")), el("span", { class: "count" }, text("attempts.limit", { s: view.sandbox.timeoutMs / 1000 }))),
    el("ol", { class: "attempts" }, lines),
  );
}

function line(attempt, earlier, delivery, view) {
  const key = `attempt-${attempt.at}-${attempt.fault ?? attempt.number}`;
  const { words, tone } = result(attempt, earlier, delivery, view);
  const body = attempt.xml ?? delivery.xml;
  return el(
    "li",
    { class: `attempt ${isTry(attempt) ? "" : "extra"}` },
    el(
      "div",
      { class: "attempt-line" },
      el("span", { class: "number" }, isTry(attempt) ? String(attempt.number) : "+"),
      el("time", {}, preciseTime(attempt.at)),
      el("span", { class: "pause" }, pause(attempt, earlier.at(-1))),
      el("span", { class: "ms" }, shortSpan(attempt.ms)),
      attempt.fault && el("span", { class: "chip warn" }, text(attempt.fault)),
      attempt.resent && el("span", { class: "chip info" }, text("attempt.resent")),
    ),
    el("p", { class: `result ${tone}-text` }, words),
    el(
      "div",
      { class: "attempt-more" },
      view.fold(key, text("attempt.request"), () => request(attempt, key, view)),
      copyButton(text("copy.curl"), `curl-${key}`, () => curl(attempt, delivery.url, body)),
    ),
  );
}

/** The time between an attempt and the one before it. */
function pause({ at }, before) {
  if (!before) return "";
  const ms = at - (before.at + before.ms);
  return ms < 0 ? text("attempt.at_once") : text("attempt.pause", { span: shortSpan(ms) });
}

/** The result of an attempt, and whether a correct server answers so. */
function result(attempt, earlier, delivery, { sandbox }) {
  const { status, error, expected, answer } = attempt;
  const errorSaid = errorWords(attempt, delivery, sandbox);
  if (status === null) return { words: errorSaid ?? text("call.unanswered"), tone: "bad" };
  const reason = excerpt(sentence(answer));
  const said = reason ? text("attempt.said", { status, answer: reason }) : String(status);
  if (status !== expected) return { words: text("attempt.expected", { said, expected }), tone: "bad" };
  if (error) return { words: `${said} · ${errorSaid}`, tone: "warn" };
  if (status !== 200) return { words: text("attempt.refused", { said }), tone: "good" };
  return { words: isRepeat(attempt, earlier) ? text(sandbox.observed ? "attempt.repeat" : "attempt.repeat.unseen", { said }) : said, tone: "good" };
}

const excerpt = (words) => (words.length > EXCERPT ? `${words.slice(0, EXCERPT)}…` : words);

/** Whether the server had answered 200 to the same message before. */
function isRepeat(attempt, earlier) {
  if (attempt.xml !== null) return false;
  return REPEATS.has(attempt.fault) || earlier.some((before) => isTry(before) && before.status === 200);
}

/** The request and the answer in full: signed query, headers, body if it differs from the message's, and answer. */
function request({ method, query, headers, answer, xml }, key, view) {
  const isRaw = view.unfolded.has(`raw-${key}`);
  return [
    block(text("attempt.query"), copyButton(text("copy"), `query-${key}`, () => query), formTable(query, text("attempt.query"))),
    block(text("attempt.headers", { method }), null, headerTable(headers, text("attempt.headers", { method }))),
    xml !== null &&
      block(
        text("attempt.xml"),
        [view.toggle(`raw-${key}`, text("raw")), copyButton(text("copy"), `xml-${key}`, () => xml)],
        el("pre", { tabIndex: 0 }, isRaw ? xml : prettyXml(xml)),
      ),
    answer !== "" && block(text("attempt.answer"), copyButton(text("copy"), `answer-${key}`, () => answer), el("pre", { tabIndex: 0 }, answer)),
  ];
}

const block = (title, actions, content) => el("div", {}, el("header", {}, el("h5", {}, title), actions), content);
