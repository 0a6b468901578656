// Loading again: when something has changed, after a while, and when the tab is looked at again.

import { isAbort } from "./api.js";
import { onChange } from "./events.js";

/** The shortest time between two loads that changes cause, unless a load wants another one. */
const THROTTLE_MS = 1500;
/** The same for loads with texts: each is a record in the audit list. */
export const SELDOM_MS = 30_000;

/**
 * Calls `load(signal)` at once and again when one of `kinds` has changed, but not within `throttle` milliseconds, and at the
 * latest every `every` milliseconds while the page is visible. One load runs at a time. `failed(error)` is called with errors, and with null after a success.
 * Returns an object with `now()` and `stop()`.
 */
export function refreshing(load, { kinds = [], every = 15_000, throttle = THROTTLE_MS, failed = () => {} } = {}) {
  let controller = null;
  let timer = null;
  let isStopped = false;
  let isWanted = false;
  let last = 0;
  const run = async () => {
    clearTimeout(timer);
    if (controller) {
      isWanted = true;
      return;
    }
    controller = new AbortController();
    last = Date.now();
    try {
      await load(controller.signal);
      if (!isStopped) failed(null);
    } catch (error) {
      if (!isStopped && !isAbort(error)) failed(error);
    }
    controller = null;
    if (isStopped) return;
    plan(isWanted ? throttle : every);
    isWanted = false;
  };
  const plan = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => (document.hidden ? plan(every) : run()), ms);
  };
  const soon = () => {
    if (controller) isWanted = true;
    else plan(Math.max(0, last + throttle - Date.now()));
  };
  const look = () => !document.hidden && soon();
  const off = onChange(kinds, soon);
  document.addEventListener("visibilitychange", look);
  run();
  return {
    now: run,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      controller?.abort();
      off();
      document.removeEventListener("visibilitychange", look);
    },
  };
}
