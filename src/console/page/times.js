// Times and spans in words.

import { now } from "./session.js";
import { clockTime, inBothLanguages, preciseTime, shortSpan, text } from "./texts.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The month as a word cannot be taken for the day.
const day = inBothLanguages((locale) => new Intl.DateTimeFormat(locale, { month: locale === "zh-CN" ? "2-digit" : "short", day: "2-digit" }));
const minute = inBothLanguages((locale) => new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }));

const isToday = (at) => new Date(at).toDateString() === new Date(now()).toDateString();

/** A time in a list: the time of day, with the date before it if it is not today. */
export function listTime(at) {
  return isToday(at) ? clockTime(at) : pointTime(at);
}

/** A time with milliseconds, with the date before it if it is not today. */
export const storyTime = (at) => (isToday(at) ? preciseTime(at) : `${day(at)} ${preciseTime(at)}`);

/** Date and time of day with seconds. */
export const moment = inBothLanguages(
  (locale) =>
    new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
);

/** Hour and minute; the date as well if `span` is longer than a day. */
export const axisTime = (at, span) => (span > DAY ? day(at) : minute(at));

/** Hour and minute with the date, for one point of a chart. */
export const pointTime = (at) => `${day(at)} ${minute(at)}`;

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
export const number = inBothLanguages((locale) => new Intl.NumberFormat(locale));

/** A number with one decimal place as long as it is small. */
export const decimal = (value) => (value < 10 ? String(Math.round(value * 10) / 10) : number(Math.round(value)));
