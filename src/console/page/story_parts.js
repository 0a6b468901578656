// The parts of an entry's story: outcome, history with attempts and replies, dialogue state, and body.

import { copyButton } from "./copying.js";
import { el } from "./dom.js";
import { endingWords, saidOf, stateWord, toneOf, whyWords } from "./entries.js";
import { prettyJson, prettyXml } from "./readable.js";
import { shortSpan, text } from "./texts.js";
import { moment, number, span, storyTime } from "./times.js";

/** The most lines of a hexadecimal listing. */
const MOST_LINES = 256;
const BYTES_A_LINE = 16;

/** How far the entry has come, or why it is not done. */
export function outcomePart({ entry, why }, show) {
  const tone = toneOf({ ...entry, why });
  const behind =
    why?.is === "behind" &&
    el(
      "button",
      { type: "button", class: "small", data: { control: "behind" }, on: { click: () => show(why.entry) } },
      text("story.show_entry", { n: why.entry }),
    );
  return el(
    "div",
    { class: `detail-outcome ${tone}` },
    el("p", {}, el("i", { class: `dot ${tone}` }), el("b", {}, outcomeWords(entry, why))),
    reasonOf(entry) && el("p", { class: "reason" }, reasonOf(entry)),
    behind,
  );
}

function outcomeWords(entry, why) {
  if (entry.state === "pending") return why ? text("story.not_done", { why: whyWords(why, entry) }) : text("state.pending");
  const words = settledWords(entry);
  if (entry.settled_at === null || entry.settled_at === undefined) return words;
  return text("story.settled", { words, span: span(entry.settled_at - entry.accepted_at) });
}

/** How a settled entry ended. */
function settledWords(entry) {
  if (entry.state === "dead") return text("state.dead");
  if (entry.discarded) return text("ending.discarded");
  if (entry.queue === "outbox") return text("ending.sent");
  return entry.ending ? endingWords(entry.ending) : text("state.done");
}

function reasonOf({ state, attempts, reason, discarded }) {
  if (!reason || discarded || state === "done") return null;
  // An entry that was put back uncounted, for example because sending is paused, has not failed.
  if (state === "pending" && attempts === 0) return null;
  return state === "pending" ? text("story.last_reason", { reason }) : reason;
}

/** The message that this one answers. */
export function answersPart({ answers }, show) {
  if (!answers) return null;
  return section(
    text("story.answers"),
    null,
    el(
      "button",
      { type: "button", class: "reply-link", data: { control: "answers" }, on: { click: () => show(answers.id) } },
      el("span", { class: "count" }, `#${answers.id}`),
      el("bdi", {}, saidOf(answers)),
    ),
  );
}

/** The steps of the entry and of its replies, in order of time. */
export function historyPart({ entry, attempts, replies }, show) {
  const steps = [{ at: entry.accepted_at, words: text("story.accepted"), tone: "" }, ...attemptSteps(entry, attempts)];
  if (entry.state === "dead" && entry.settled_at) steps.push({ at: entry.settled_at, words: text("story.buried"), tone: "bad" });
  if (entry.state === "done" && entry.settled_at) steps.push({ at: entry.settled_at, words: settledWords(entry), tone: toneOf(entry) });
  return section(
    text("story.history"),
    entry.message_id && el("span", { class: "count message-id" }, entry.message_id),
    el("ol", { class: "steps" }, steps.map(stepLine)),
    replies.map((reply) => replyBlock(reply, show)),
  );
}

function attemptSteps(entry, attempts) {
  const failed = attempts.map(({ number: n, ended_at: at, took, reason, replica }, index) => ({
    at,
    words: text("story.attempt", { n }),
    facts: [text("story.took", { span: shortSpan(took) }), replica, index > 0 && reason === attempts[index - 1].reason && text("story.same_reason")],
    reason: index > 0 && reason === attempts[index - 1].reason ? null : reason,
    tone: entry.state === "dead" ? "bad" : "warn",
  }));
  const left = (attempts[0]?.number ?? 1) - 1;
  return left > 0 ? [{ at: null, words: text("story.attempts.left_out", { n: left }), tone: "" }, ...failed] : failed;
}

function stepLine({ at, words, facts = [], reason, tone }) {
  return el(
    "li",
    { class: "step" },
    el("i", { class: `dot ${tone}` }),
    el("p", {}, el("b", {}, words), ...facts.filter(Boolean).map((fact) => el("span", {}, fact))),
    at === null ? el("time", {}) : el("time", { title: moment(at) }, storyTime(at)),
    reason && el("p", { class: "step-reason" }, reason),
  );
}

function replyBlock({ entry, attempts }, show) {
  const head = el(
    "button",
    { type: "button", class: "reply-link", data: { control: `reply-${entry.id}` }, on: { click: () => show(entry.id) } },
    el("i", { class: `dot ${toneOf(entry)}` }),
    el("span", { class: "count" }, text("story.reply", { n: entry.id, state: stateWord(entry) })),
    el("bdi", {}, saidOf(entry)),
  );
  const steps = [{ at: entry.accepted_at, words: text("story.accepted"), tone: "" }, ...attemptSteps(entry, attempts)];
  if (entry.settled_at)
    steps.push({ at: entry.settled_at, words: entry.state === "dead" ? text("story.buried") : settledWords(entry), tone: toneOf(entry) });
  return el("div", { class: "reply" }, head, el("ol", { class: "steps" }, steps.map(stepLine)));
}

/** The state of the dialogue before and after, if the entry has changed it. */
export function statePart({ state_before: before, state_after: after, state_changed: hasChanged }) {
  if (!hasChanged) return null;
  return section(
    text("story.state"),
    null,
    el("div", { class: "states-pair" }, stateBlock(text("story.state.before"), before), stateBlock(text("story.state.after"), after)),
  );
}

function stateBlock(title, state) {
  const head = el("header", {}, el("h5", {}, title), state?.dialogue && el("code", {}, `${state.dialogue} v${state.version}`));
  return el("div", {}, head, stateBody(state));
}

function stateBody(state) {
  if (!state) return el("p", { class: "count" }, text("story.state.none"));
  if (state.unknown) return el("p", { class: "count" }, text("story.state.unknown"));
  if (state.hidden) return el("p", { class: "hidden-text" }, text("hidden"));
  const words = typeof state.body === "string" ? state.body : JSON.stringify(state.body, null, 2);
  return el("pre", { tabIndex: 0 }, words);
}

/** The bytes of the entry, indented for reading or raw; those that are no text as a hexadecimal listing. */
export function bodyPart({ body }, story) {
  const size = el("span", { class: "count" }, text("story.body.bytes", { n: number(body.bytes) }));
  if (body.hidden) return section(text("story.body"), size, el("p", { class: "hidden-text" }, text("hidden")));
  if (body.text === null)
    return section(
      text("story.body"),
      [size, el("span", { class: "chip warn" }, text("story.body.binary"))],
      el("pre", { tabIndex: 0, "aria-label": text("story.body"), class: "hex" }, listing(body.base64 ?? "")),
    );
  const isRaw = story.unfolded.has("raw");
  const actions = [size, story.toggle("raw", text("raw")), copyButton(text("copy"), "copy-body", () => body.text)];
  return section(text("story.body"), actions, el("pre", { tabIndex: 0, "aria-label": text("story.body") }, isRaw ? body.text : readable(body)));
}

function readable({ type, text: words }) {
  if (type === "xml") return prettyXml(words);
  return (type === "json" && prettyJson(words)) || words;
}

/** Bytes as lines of hexadecimal numbers, with the characters of ASCII beside them. */
function listing(base64) {
  const bytes = [...atob(base64)].map((letter) => letter.charCodeAt(0));
  const lines = [];
  for (let at = 0; at < bytes.length && lines.length < MOST_LINES; at += BYTES_A_LINE) {
    const part = bytes.slice(at, at + BYTES_A_LINE);
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const shown = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(BYTES_A_LINE * 3)} ${shown}`);
  }
  if (bytes.length > MOST_LINES * BYTES_A_LINE) lines.push("…");
  return lines.join("\n");
}

const section = (title, actions, ...content) => el("section", {}, el("header", {}, el("h4", {}, title), actions), ...content);
