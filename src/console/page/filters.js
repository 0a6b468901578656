// The filters of messages: from the address to the API's query, and in words.

import { kindWord } from "./entries.js";
import { accountWords, visibleName } from "./names.js";
import { now } from "./session.js";
import { text } from "./texts.js";
import { moment } from "./times.js";

/** The API's parameters that filter entries. */
const FILTERS = ["queue", "state", "app", "account", "user", "kind", "since", "until", "text", "reason", "group", "conversation"];

const HOUR = 3_600_000;

/** The spans of time that end now; the address keeps their name, so that a bookmark stays what it says. */
export const SPANS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR };

/** The kinds that can be chosen; others are found through the address. */
export const KINDS = [
  "text",
  "image",
  "voice",
  "location",
  "image_text",
  "news",
  "mpnews",
  "subscribe",
  "unsubscribe",
  "reminder",
  "expiry",
  "unknown",
  "unknown_event",
  "unreadable",
];

/** The parameters of an address that filter; a changed value of another one needs no new search. */
export const filterKey = (params) => JSON.stringify([...FILTERS, "span", "order"].map((name) => params[name] ?? ""));

/** Whether the oldest entries come first. */
export const isOldestFirst = (params) => params.order === "oldest";

/** How many filters are set. */
export const filterCount = (params) => [...FILTERS, "span"].filter((name) => params[name]).length - (params.app && params.account ? 1 : 0);

/** The API's query for the parameters of an address. */
export function queryOf(params) {
  const query = {};
  for (const name of FILTERS) if (params[name]) query[name] = params[name];
  if (Object.hasOwn(SPANS, params.span ?? "")) query.since = Math.round(now() - SPANS[params.span]);
  return query;
}

/** The filter of a query in words, one for each condition. */
export function filterWords(query) {
  const words = [];
  if (query.queue) words.push(text(`queue.${query.queue}`, {}, query.queue));
  if (query.state) words.push(text(`state.${query.state}`, {}, query.state));
  if (query.kind) words.push(kindWord(query.kind));
  if (query.app || query.account) words.push(text("filter.in.account", { account: query.account ? accountWords(query) : query.app }));
  if (query.user) words.push(text("filter.in.user", { user: visibleName(String(query.user)) }));
  if (query.since) words.push(text("filter.in.since", { at: timeWords(query.since) }));
  if (query.until) words.push(text("filter.in.until", { at: timeWords(query.until) }));
  if (query.text) words.push(text("filter.in.text", { words: query.text }));
  if (query.reason) words.push(text("filter.in.reason", { words: query.reason }));
  if (query.group) words.push(text("filter.in.group"));
  if (query.conversation) words.push(text("filter.in.conversation"));
  return words;
}

const timeWords = (at) => (/^\d+$/.test(String(at)) ? moment(Number(at)) : String(at));
