// The state of an entry in a few words: done by whom, waiting for what, dead for which reason.

import { now } from "./session.js";
import { text } from "./texts.js";
import { until } from "./times.js";

/**
 * The state of an entry: `{ words, tone, reason, ticks }`. `tone` is `good`, empty, `warn` or `bad`; `reason` is the
 * server's reason or null; `ticks` is true if the words depend on the time.
 */
export function statusOf(entry) {
  if (entry.state === "dead") return { words: text(entry.discarded ? "status.discarded" : "status.dead", { n: entry.attempts }), tone: entry.discarded ? "" : "bad", reason: entry.reason };
  if (entry.state === "pending") return pending(entry);
  if (entry.discarded) return { words: text("status.discarded"), tone: "", reason: entry.reason };
  if (entry.queue === "outbox") return { words: text("status.sent"), tone: "", reason: null };
  const { as = "handled", by = "" } = entry.ending ?? {};
  return { words: text(by ? `status.${as}.by` : `status.${as}`, { by }, as), tone: as === "not_taken" ? "warn" : "", reason: null };
}

/** A pending entry: the reason why it is not done, and that of its last failure. */
function pending(entry) {
  const { why, attempts, reason } = entry;
  const tone = attempts > 0 || why?.is === "paused" || why?.is === "outbox_full" ? "warn" : "";
  const ticks = ["due", "leased", "blocked"].includes(why?.is);
  return { words: whyWords(why, entry), tone, reason: attempts > 0 ? reason : null, ticks };
}

/** The sentence that says why an entry is not done yet. */
function whyWords(why, { attempts, due_at: dueAt }) {
  switch (why?.is) {
    case "behind":
      return text("waits.behind", { n: why.entry });
    case "due":
      return text(attempts > 0 ? "waits.again" : "waits.due", { when: until(why.at ?? dueAt), n: attempts + 1 });
    case "leased":
      return text(why.by ? "waits.leased" : "waits.leased.unknown", { by: why.by, when: until(why.until) });
    case "blocked":
      return text("waits.due", { when: until(why.until) });
    case "person":
      return text(why.who ? "waits.person" : "waits.nobody", { who: why.who });
    case "paused":
      return text("waits.paused", { by: why.by });
    case "outbox_full":
    case "ready":
      return text(`waits.${why.is}`);
    default:
      return text(dueAt > now() ? "waits.due" : "waits", { when: until(dueAt) });
  }
}
