// Requests to the server's API, and its refusals as errors.

import { text } from "./texts.js";

const BASE = "api/v1/";

/** A refusal of the API: `status`, the server's sentence, and the whole answer, for example with `by` or `missing`. */
export class ApiError extends Error {
  constructor(status, answer) {
    super(words(status, answer));
    Object.assign(this, { status, answer });
  }
}

function words(status, answer) {
  if (status === 403 && answer.missing) return text("error.missing", { right: answer.missing });
  if (status === 401) return text("error.session");
  return answer.error ?? `HTTP ${status}`;
}

/** The listener that is called when the session has ended. */
let ended = () => {};

/** Calls `run()` each time that the server wants a log-in. */
export const onSessionEnd = (run) => (ended = run);

/** Reads; `query` holds parameters, of which empty ones are left out; `signal` aborts. */
export function get(path, query = {}, { signal } = {}) {
  return ask("GET", withQuery(path, query), { signal });
}

/** Acts; `key` is the form's Idempotency-Key, with which a repeated request acts once. */
export function post(path, body = {}, { key, signal } = {}) {
  return ask("POST", path, { body, key, signal });
}

/** Deletes. */
export const remove = (path) => ask("DELETE", path);

/** A key for one form; keep it until the form has succeeded or its content has changed. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether a request was aborted, which nobody needs to hear about. */
export const isAbort = (error) => error?.name === "AbortError";

/** A path with its query. */
function withQuery(path, query) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return kept.length > 0 ? `${path}?${new URLSearchParams(kept)}` : path;
}

/** The address of a stream of events. */
export const eventsAddress = (query = {}) => BASE + withQuery("events", query);

async function ask(method, path, { body, key, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const response = await fetch(BASE + path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    signal,
    cache: "no-store",
    credentials: "same-origin",
  });
  const answer = await read(response);
  if (response.ok) return answer;
  if (response.status === 401 && path !== "session") ended();
  throw new ApiError(response.status, answer ?? {});
}

/** The JSON of an answer; null if it has none. */
async function read(response) {
  const words = await response.text();
  try {
    return words === "" ? null : JSON.parse(words);
  } catch {
    return null;
  }
}
