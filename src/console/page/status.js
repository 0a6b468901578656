// The state of an entry below its message: done by whom, waiting for what, dead for which reason.

import { endingWords, stateWord, toneOf, whyTicks, whyWords } from "./entries.js";
import { text } from "./texts.js";

/**
 * The state of an entry: `{ words, tone, reason, ticks }`. `tone` is that of `toneOf`, but empty for what went well;
 * `reason` is the server's reason or null; `ticks` is true if the words depend on the time.
 */
export function statusOf(row) {
  const { queue, state, why, ending, attempts, reason, discarded } = row;
  const tone = toneOf(row) === "good" ? "" : toneOf(row);
  if (state === "pending")
    return { words: why ? whyWords(why, row) : stateWord(row), tone, reason: attempts > 0 ? reason : null, ticks: whyTicks(why) };
  if (state === "dead" && attempts > 0) return { words: text("status.dead", { n: attempts }), tone, reason, ticks: false };
  if (state === "done" && queue === "inbox" && ending && !discarded)
    return { words: endingWords(ending), tone: ending.as === "not_taken" ? "warn" : tone, reason: null, ticks: false };
  return { words: stateWord(row), tone, reason: state === "dead" ? reason : null, ticks: false };
}
