// A row of the live list: a new entry, or a step of the handling of one.

import { el } from "./dom.js";
import { endingWords, kindIcon, queueMark, saidOf, whoOf } from "./entries.js";
import { address } from "./router.js";
import { clockTime, shortSpan, text } from "./texts.js";

/** The tone of each step; a step that is not named has none. */
const TONES = { done: "good", failed: "warn", buried: "bad", outdated: "warn" };

/** The row of an event: `{ kind: "entry", at, row }` or `{ kind: "step", at, step }`. */
export function eventRow({ kind, at, row, step }) {
  const { id, queue } = row ?? step;
  return el(
    "li",
    { class: `event event-${kind}` },
    el("time", {}, clockTime(at)),
    el("a", { class: "event-id", href: address("messages", { entry: id }) }, `#${id}`),
    queueMark(queue),
    el("span", { class: "event-who" }, whoOf(row ?? step)),
    kind === "entry" ? arrived(row) : went(step),
  );
}

const arrived = (row) =>
  el(
    "span",
    { class: "event-what" },
    el("span", { class: "chip info" }, text(row.queue === "outbox" ? "event.created" : "event.accepted")),
    kindIcon(row.kind),
    el("b", {}, saidOf(row)),
  );

function went({ step, queue, attempt, took, reason, ending }) {
  const name = queue === "outbox" && step === "done" ? "sent" : step;
  const details = [
    step === "done" && queue === "inbox" && ending && (ending.by || ending.as !== "handled") && endingWords(ending),
    attempt > 1 && text("event.attempt", { n: attempt }),
    Number.isFinite(took) && shortSpan(took),
    reason,
  ].filter(Boolean);
  return el(
    "span",
    { class: "event-what" },
    el("span", { class: `chip ${TONES[step] ?? ""}` }, text(`event.${name}`, {}, step)),
    el("span", { class: "event-details" }, details.join(" · ")),
  );
}
