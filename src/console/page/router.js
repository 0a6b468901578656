// The address of the page: `#/VIEW?filters`. All filters are in it, so that back, forward and bookmarks work.

const DEFAULT = "overview";

/** The listener that shows a route; the shell sets it. */
let listener = () => {};

/** The address of a view with its parameters; those that are null, undefined, false or empty are left out. */
export function address(name, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "");
  const query = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return `#/${encodeURIComponent(name)}${query && `?${query}`}`;
}

/** The current route: `{ name, params }`, where `params` holds strings. */
export function route() {
  const [path, query = ""] = splitOnce(location.hash.replace(/^#\/?/, ""), "?");
  return { name: decode(path) || DEFAULT, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** Goes to a view; `replace` leaves no step in the history, for values that change while somebody types. */
export function go(name, params, { replace = false } = {}) {
  const wanted = address(name, params);
  if (wanted === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", wanted);
  listener(route());
}

/** Changes some parameters of the current route; null removes one. */
export function change(params, options) {
  const { name, params: before } = route();
  go(name, { ...before, ...params }, options);
}

/** Calls `show(route)` for the current route, and again each time that it changes. */
export function follow(show) {
  listener = show;
  addEventListener("hashchange", () => listener(route()));
  listener(route());
}

function splitOnce(words, at) {
  const index = words.indexOf(at);
  return index < 0 ? [words] : [words.slice(0, index), words.slice(index + 1)];
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
