// The contents of a conversation's entries as an app shows them: one function for each kind of the JSON API.

import { cardBubble, imageBubble, newsBubble, placeBubble } from "./bubbles.js";
import { el, icon, linked, safeAddress } from "./dom.js";
import { kindWord } from "./entries.js";
import { text } from "./texts.js";

const SHOWN = {
  text: (content) => el("div", { class: "bubble" }, linked(content.text)),
  image: ({ url, thumbnail }) => imageBubble(url, embedded(thumbnail, "image")),
  voice,
  location: ({ latitude, longitude, name, thumbnail }) => placeBubble({ latitude, longitude, label: name }, embedded(thumbnail, "image")),
  articles,
  event: (content) => note(`event.${content.name}`, content.name),
  reminder: ({ name }) => el("div", { class: "remark" }, icon("clock"), el("span", {}, EVENTS.includes(name) ? text(`event.${name}`) : text("reminder.of", { name }))),
  other: (content) => el("div", { class: "bubble" }, linked(content.text ?? "")),
};

/** The element of an entry's content; a content of an unknown kind is shown as JSON, a hidden one as a sign. */
export function shown({ content, kind, hidden, text: words }, side) {
  if (content) return SHOWN[content.kind]?.(content, side) ?? el("div", { class: "bubble" }, JSON.stringify(content));
  if (EVENTS.includes(kind)) return note(`event.${kind}`, kind);
  return hidden ? hiddenSign(kind) : el("div", { class: "bubble" }, words ?? kindWord(kind));
}

/** The content in one line, for screen readers. */
export function summary({ content, kind, text: words }) {
  if (content?.kind === "text" || content?.kind === "other") return content.text ?? "";
  if (content?.kind === "articles") return content.articles.map(({ title }) => title).join(" · ");
  if (content?.kind === "location") return content.name || `${content.latitude}, ${content.longitude}`;
  return saidWords({ text: words, hidden: false, kind });
}

/** The text of a row in one line: its kind if the reader may not see it, and in place of a sign like `[image]`. */
export function saidWords({ text: words, hidden, kind }) {
  if (hidden || !words) return kindWord(kind);
  const line = words.replace(/\s+/g, " ");
  const [, rest] = (kind !== "text" && /^\[\w+\] ?(.*)$/.exec(line)) || [null, null];
  if (rest === null) return line;
  return rest === "" ? kindWord(kind) : `${kindWord(kind)} · ${rest}`;
}

/** The kinds that say that something happened and have no text to hide. */
const EVENTS = ["subscribe", "unsubscribe", "reminder", "expiry"];

const note = (name, fallback) => el("div", { class: "remark" }, el("span", {}, text(name, {}, fallback)));

const hiddenSign = (kind) =>
  el("div", { class: "bubble hidden-text", title: text("hidden.hint") }, icon("lock"), el("span", {}, text("hidden.content", { kind: kindWord(kind) })));

/** The largest embedded picture or recording; a user's thumbnail has some kilobytes. */
const MOST_EMBEDDED = 1 << 20;

/** A data address of the wanted type that the page may use, else null. */
function embedded(address, type) {
  if (typeof address !== "string" || address.length > MOST_EMBEDDED) return null;
  return /^data:(image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+);base64,/.exec(address)?.[1].startsWith(`${type}/`) ? address : null;
}

/** A recording: its length, and a player or a link to download what browsers cannot play (AMR). */
function voice({ url, seconds, data }) {
  const length = Number.isFinite(seconds) ? text("voice.seconds", { n: Math.max(1, Math.round(seconds)) }) : text("voice.unknown");
  const address = embedded(data, "audio") ?? safeAddress(url);
  const bubble = el("div", { class: "bubble voice" }, icon("play"), el("span", {}, length));
  if (!address) bubble.append(el("small", {}, url ? el("span", { class: "dead-link" }, url) : text("voice.none")));
  else if (isPlayable(address)) bubble.append(el("audio", { src: address, controls: true, preload: "none", "aria-label": text("kind.voice") }));
  else bubble.append(el("small", {}, text("voice.amr"), " · ", el("a", { href: address, download: fileName(address), rel: "noopener noreferrer" }, text("download"))));
  return bubble;
}

/** Whether the browser can play a recording; the type of an address that names none is taken to be AMR, the platform's format. */
function isPlayable(address) {
  const type = /^data:([^;]+)/.exec(address)?.[1] ?? TYPES[/\.(\w+)$/.exec(new URL(address).pathname)?.[1]?.toLowerCase()] ?? "audio/amr";
  return document.createElement("audio").canPlayType(type) !== "";
}

const TYPES = { mp3: "audio/mpeg", wav: "audio/wav", ogg: "audio/ogg", m4a: "audio/mp4", aac: "audio/aac" };

const fileName = (address) => (address.startsWith("data:") ? `voice.${/^data:audio\/(?:x-)?(\w+)/.exec(address)?.[1] ?? "amr"}` : "");

/** One article of a user is a card that was shared; those of the account are news. */
function articles({ articles: list }, side) {
  const cards = list.map(({ title, digest, picture, url }) => ({ title, description: digest, picture_url: picture, url }));
  return side === "user" && cards.length === 1 ? cardBubble(cards[0]) : newsBubble(cards);
}
