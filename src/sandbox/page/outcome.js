// The outcome of a user's message: its delivery, its handling and its replies, in words and by severity.

import { summary } from "./contents.js";
import { sentence } from "./readable.js";
import { shortSpan, text } from "./texts.js";

/** The time without an API call, in milliseconds, after which a message looks unanswered. */
const SILENCE_MS = 5000;

/** The tones from harmless to grave. A message under way, and one that needs no answer, are no success. */
const TONES = ["good", "", "warn", "bad"];
const graver = (a, b) => (TONES.indexOf(a) > TONES.indexOf(b) ? a : b);

/**
 * The outcome of a delivery and its message at the time `now`: `{ words, tone, reason, ticks }`.
 *
 * `tone` is `good`, empty (under way, or no answer wanted), `warn` or `bad`; `reason` is null or the server's
 * reason; `ticks` is true if the words depend on the time.
 */
export function outcome(delivery, sandbox, now) {
  const parts = [deliveryPart(delivery, sandbox), ...unsound(delivery), repeated(delivery), ...handlingParts(delivery, sandbox, now)].filter(Boolean);
  return {
    words: parts.map((part) => part.words).filter(Boolean).join(" · "),
    tone: parts.map((part) => part.tone).reduce(graver),
    reason: parts.map((part) => part.reason).filter(Boolean).join(" · ") || null,
    ticks: parts.some((part) => part.ticks === true),
  };
}

/** Whether an outcome needs attention: amber or red. */
function isInTrouble(delivery, sandbox, now) {
  const { tone } = outcome(delivery, sandbox, now);
  return tone === "warn" || tone === "bad";
}

/** Whether an accepted message was sent again and accepted again. */
function isRepeated({ attempts }) {
  const accepted = attempts.filter(isAccepted);
  return accepted.length > 1 && accepted.slice(1).some((attempt) => attempt.resent);
}

/** The reason why a delivery was not sent or failed, in the page's language. */
function reasonWords({ reason, reason_kind: kind, attempts, url }, sandbox) {
  if (!reason) return null;
  const last = attempts.findLast(isTry);
  if (kind === "answered" && last) return answered(last);
  return text(`reason.${kind}`, places(url, sandbox), text(`error.${kind}`, places(url, sandbox), reason));
}

/** The reason why an attempt has no answer that counts, in the page's language. */
export function errorWords({ error, error_kind: kind }, { url }, sandbox) {
  return error ? text(`error.${kind}`, places(url, sandbox), error) : null;
}

/** The handler or rule that took a message, in the page's language: from `rule "welcome"`, `rules[0]`, `handler 2 (Text)`. */
function handlerName(by) {
  const [, name] = /^rule "(.*)"$/s.exec(by ?? "") ?? [];
  if (name !== undefined) return text("by.rule", { name });
  const [, index] = /^rules\[(\d+)\]$/.exec(by ?? "") ?? [];
  if (index) return text("by.rule.nth", { n: Number(index) + 1 });
  const [, number, kind] = /^handler (\d+)(?: \((.*)\))?$/.exec(by ?? "") ?? [];
  if (number) return text(kind ? "by.handler" : "by.handler.plain", { n: number, kind });
  return by ? text(`by.${by}`, {}, by) : "";
}

// A try is an attempt to deliver the message itself; forgeries and duplicates are attempts, too, but no tries.
const isTry = ({ fault }) => !fault || fault === "drop_answer";
const isAccepted = (attempt) => isTry(attempt) && attempt.status === 200 && !attempt.error;
const answered = ({ status, answer }) => text(answer ? "reason.answered.body" : "reason.answered", { status, answer: sentence(answer ?? "") });

const places = (url, sandbox) => ({ host: hostOf(url), url, s: sandbox.timeoutMs / 1000 });

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** The tries since the delivery was sent again by hand, or all of them. */
function latestTries({ attempts }) {
  const tries = attempts.filter(isTry);
  const resent = tries.filter((attempt) => attempt.resent);
  return resent.length > 0 ? resent : tries;
}

/** The outcome of the delivery. */
function deliveryPart(delivery, sandbox) {
  const { state } = delivery;
  const tries = latestTries(delivery);
  const failed = tries.filter((attempt) => !isAccepted(attempt) && attempt.error_kind !== "dropped");
  const reason = reasonWords(delivery, sandbox) ?? failureWords(failed.at(-1), delivery, sandbox);
  if (state === "failed" || state === "not_sent") {
    const tone = delivery.reason_kind === "paused" ? "warn" : "bad";
    const tried = failed.length > 1 && text("attempts", { n: failed.length });
    return { words: [text(`state.${state}`), tried].filter(Boolean).join(" · "), tone, reason };
  }
  const tone = failed.length > 0 ? "warn" : "";
  if (state === "waiting") return { words: failed.length > 0 ? text("outcome.sending", { n: failed.length + 1 }) : text("sending"), tone, reason };
  const accepted = tries.find(isAccepted);
  const parts = [text("state.accepted"), failed.length > 0 && text("outcome.after", { n: failed.length + 1 }), accepted && shortSpan(accepted.ms)];
  return { words: parts.filter(Boolean).join(" · "), tone: tone || "good", reason };
}

function failureWords(attempt, delivery, sandbox) {
  if (!attempt) return null;
  return errorWords(attempt, delivery, sandbox) ?? answered(attempt);
}

/** The forgeries and duplicates that the server answered wrongly. */
const unsound = ({ attempts }) =>
  attempts
    .filter((attempt) => !isTry(attempt) && attempt.status !== null && attempt.status !== attempt.expected)
    .map(({ fault, status, expected }) => ({ words: text("outcome.unsound", { fault: text(fault), status, expected }), tone: "bad" }));

const repeated = (delivery) => isRepeated(delivery) && { words: text("outcome.repeated"), tone: "good" };

/** The outcome of the handling, as far as the server reports it. */
function handlingParts(delivery, sandbox, now) {
  if (delivery.handling) return [messagePart(delivery, sandbox, now), ...replyParts(delivery, sandbox, now)];
  if (sandbox.observed || delivery.state !== "accepted") return [];
  return [callsPart(delivery, sandbox, now)];
}

function messagePart(delivery, sandbox, now) {
  const { kind, handling } = delivery;
  const { state, by, attempts, reason, retry_at: retryAt, behind, replies } = handling;
  const taker = handlerName(by);
  const withTaker = (words) => (taker ? text("outcome.by", { by: taker, what: words }) : words);
  switch (state) {
    case "waiting":
      if (behind !== null) return waitingPart(delivery, sandbox, now);
      if (retryAt !== null) return { words: text("outcome.postponed", { span: until(retryAt, now) }), tone: "", reason, ticks: true };
      return { words: text("outcome.queued"), tone: "" };
    case "working":
      return { words: withTaker(text(attempts > 1 ? "outcome.working.again" : "outcome.working", { n: attempts })), tone: "" };
    case "retrying":
      return { words: withTaker(retry(retryAt, attempts, now)), tone: "warn", reason, ticks: true };
    case "done":
      return { words: replies.length > 0 ? taker : withTaker(text("outcome.silent")), tone: replies.length > 0 ? "good" : "" };
    case "not_taken":
      // A user who has unfollowed cannot be answered, and most bots have no handler for the event.
      return { words: text("outcome.not_taken"), tone: kind === "unsubscribe" ? "" : "warn" };
    case "quiet":
      return { words: withTaker(text("outcome.quiet")), tone: "" };
    case "kept":
      return { words: text("outcome.kept"), tone: "" };
    case "dead":
      return { words: withTaker(dead(attempts)), tone: "bad", reason };
    default:
      return { words: state, tone: "" };
  }
}

/** The outcome of a waiting message: it is stuck if the message that it waits for is in trouble. */
function waitingPart(delivery, sandbox, now) {
  const previous = ({ id, handling }) => handling && handling.behind !== null && handling.behind < id && sandbox.delivery.get(handling.behind);
  let first = delivery;
  while (previous(first)) first = previous(first);
  const message = first !== delivery && sandbox.message.get(first.message);
  const what = message ? summary(message.content) : `#${delivery.handling.behind}`;
  return { words: text("outcome.behind", { what }), tone: first !== delivery && isInTrouble(first, sandbox, now) ? "warn" : "" };
}

function replyParts({ id, at, handling }, sandbox, now) {
  const { replies } = handling;
  if (replies.length === 0) return [];
  const numbered = (index, words) => (replies.length > 1 ? text("outcome.reply.of", { n: index + 1, most: replies.length, what: words }) : text("outcome.reply", { what: words }));
  const unsent = replies.map((reply, index) => [index, reply]).filter(([, reply]) => reply.state !== "sent");
  if (unsent.length === 0) return [{ words: latency(sandbox.callsOf(id).filter(isFine), at), tone: "good" }];
  return unsent.map(([index, { state, attempts, reason, retry_at: retryAt }]) => {
    if (state === "retrying") return { words: numbered(index, retry(retryAt, attempts, now)), tone: "warn", reason, ticks: true };
    if (state === "dead") return { words: numbered(index, dead(attempts)), tone: "bad", reason };
    return { words: numbered(index, text(`outcome.reply.${state}`, {}, state)), tone: "" };
  });
}

/** Whether an API call was accepted: not refused, no fault, and an answer without an error code. */
export const isFine = (call) => !call.refused && !call.fault && call.status === 200;

/** The outcome for a server that does not report its work: by its API calls. */
function callsPart(delivery, sandbox, now) {
  const { kind, attempts, at } = delivery;
  const calls = callsAfter(delivery, sandbox);
  const last = calls.at(-1);
  if (last?.refused) return { words: text("outcome.call.refused"), tone: "bad", reason: last.refused };
  if (last) return { words: latency(calls, at), tone: isFine(last) ? "good" : "warn" };
  if (kind === "unsubscribe") return null;
  const accepted = attempts.find(isAccepted);
  const silence = now - (accepted ? accepted.at + accepted.ms : at);
  return { words: text("outcome.no_call", { span: wholeSpan(silence) }), tone: silence < SILENCE_MS ? "" : "warn", ticks: true };
}

/** The API calls to this delivery's user since then; a call does not name the message that it answers. */
function callsAfter({ id, account, user, at }, sandbox) {
  const own = sandbox.callsOf(id);
  return own.length > 0 ? own : [...sandbox.call.values()].filter((call) => call.at >= at && call.account === account && call.users.includes(user));
}

const latency = ([first], at) => (first ? text("outcome.answered", { span: shortSpan(Math.max(0, first.at + (first.ms ?? 0) - at)) }) : text("outcome.answered.some"));

const dead = (attempts) => text(attempts > 1 ? "outcome.dead" : "outcome.dead.once", { n: attempts });

const until = (at, now) => wholeSpan((at ?? now) - now);
const retry = (at, attempts, now) => text(attempts > 1 ? "outcome.retry.again" : "outcome.retry", { span: until(at, now), n: attempts });

/** A time span in whole seconds, minutes or hours. */
function wholeSpan(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return text("span.s", { n: seconds });
  return seconds < 3600 ? text("span.min", { n: Math.floor(seconds / 60) }) : text("span.h", { n: Math.floor(seconds / 3600) });
}
