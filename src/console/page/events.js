// Live events: one stream of changes for all views, and streams with entries and steps for the view that asks for one.

import { eventsAddress, get } from "./api.js";

/** The things that change: views load theirs again. */
export const KINDS = ["stats", "dead-letters", "desk", "jobs", "pauses"];
const RETRY_MS = 3000;

const listeners = new Set();
let changes = null;
let showState = () => {};

/** Calls `run()` when one of `kinds` has changed; returns a function that ends it. */
export function onChange(kinds, run) {
  const listener = { kinds, run };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens the stream of changes; `show(state)` is called with `live`, `connecting` or `lost`. */
export function startChanges(show) {
  showState = show;
  stopChanges();
  let isFirst = true;
  changes = openEvents(
    { change: ({ what }) => emit(what) },
    {
      query: { what: "desk" },
      state: (state) => {
        showState(state);
        // After a break anything may have changed.
        if (state === "live" && !isFirst) emit(KINDS);
        if (state === "live") isFirst = false;
      },
    },
  );
}

/** Closes the stream of changes. */
export function stopChanges() {
  changes?.close();
  changes = null;
}

function emit(what) {
  for (const { kinds, run } of [...listeners]) {
    if (kinds.some((kind) => what.includes(kind))) run();
  }
}

/**
 * Opens a stream of events: `handlers` holds a function for `entry`, `step` and `change`, each called with the event's
 * value; `state(state)` is called with `live`, `connecting` or `lost`. Returns an object with `close()`.
 *
 * A stream that shows texts is an entry in the audit list each time it opens, so it is opened by the view that shows it only.
 */
export function openEvents(handlers, { query = {}, state = () => {} } = {}) {
  let source = null;
  let timer = null;
  let isClosed = false;
  const open = () => {
    if (isClosed) return;
    state("connecting");
    source = new EventSource(eventsAddress(query));
    source.onopen = () => state("live");
    source.onerror = () => {
      state("lost");
      // A browser connects again by itself after a broken connection, but not after an answer that is no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, RETRY_MS);
      // A session that has ended is noticed by the answer to this.
      get("stats").catch(() => {});
    };
    for (const [kind, run] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => run(JSON.parse(event.data)));
    }
  };
  // A browser keeps pages that were left, for the way back. Such a page must not keep one of the six connections that a
  // browser has for a server, or the seventh page waits for ever.
  const hide = () => {
    clearTimeout(timer);
    source.close();
  };
  const show = ({ persisted }) => persisted && open();
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);
  open();
  return {
    close() {
      isClosed = true;
      removeEventListener("pagehide", hide);
      removeEventListener("pageshow", show);
      hide();
    },
  };
}
