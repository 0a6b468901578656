// Times and spans in words.

import { now } from "./session.js";
import { clockTime, currentLanguage, preciseTime, shortSpan, text } from "./texts.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The formatters are kept, as making one is slow.
const formatters = (parts) => ["en-GB", "zh-CN"].map((locale) => new Intl.DateTimeFormat(locale, parts));
// The month as a word cannot be taken for the day.
const DAYS = ["en-GB", "zh-CN"].map((locale, index) => new Intl.DateTimeFormat(locale, { month: index === 0 ? "short" : "2-digit", day: "2-digit" }));
const MOMENTS = formatters({ year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTES = formatters({ hour: "2-digit", minute: "2-digit" });
const NUMBERS = ["en-GB", "zh-CN"].map((locale) => new Intl.NumberFormat(locale));

const pick = (list) => list[currentLanguage() === "zh" ? 1 : 0];

const isToday = (at) => new Date(at).toDateString() === new Date(now()).toDateString();

/** A time in a list: the time of day, with the date before it if it is not today. */
export function listTime(at) {
  return isToday(at) ? clockTime(at) : `${pick(DAYS).format(at)} ${pick(MINUTES).format(at)}`;
}

/** A time with milliseconds, with the date before it if it is not today. */
export const storyTime = (at) => (isToday(at) ? preciseTime(at) : `${pick(DAYS).format(at)} ${preciseTime(at)}`);

/** Date and time of day with seconds. */
export const moment = (at) => pick(MOMENTS).format(at);

/** Hour and minute; the date as well if `span` is longer than a day. */
export const axisTime = (at, span) => (span > DAY ? pick(DAYS).format(at) : pick(MINUTES).format(at));

/** Hour and minute with the date, for one point of a chart. */
export const pointTime = (at) => `${pick(DAYS).format(at)} ${pick(MINUTES).format(at)}`;

/** A span in one or two units: `350 ms`, `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function span(ms) {
  if (ms < MINUTE) return shortSpan(Math.max(0, ms));
  if (ms < HOUR) return text("span.min", { n: Math.floor(ms / MINUTE) });
  if (ms < DAY) return two(ms, HOUR, "span.h", MINUTE, "span.min");
  return two(ms, DAY, "span.d", HOUR, "span.h");
}

function two(ms, large, largeName, small, smallName) {
  const rest = Math.floor((ms % large) / small);
  const first = text(largeName, { n: Math.floor(ms / large) });
  return rest > 0 ? `${first} ${text(smallName, { n: rest })}` : first;
}

/** The time since `at`, in words. */
export const ago = (at) => (now() - at < SECOND ? text("time.just") : text("time.ago", { span: span(now() - at) }));

/** The time until `at`, in words. */
export const until = (at) => (at <= now() ? text("time.now") : text("time.in", { span: span(at - now()) }));

/** A number with separators. */
export const number = (value) => pick(NUMBERS).format(value);
