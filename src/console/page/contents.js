// The contents of a conversation's entries as an app shows them: one function for each kind of the JSON API.

import { cardBubble, imageBubble, newsBubble, placeBubble } from "./bubbles.js";
import { el, icon, link, linked, safeAddress } from "./dom.js";
import { kindWord } from "./entries.js";
import { text } from "./texts.js";

const SHOWN = {
  text: (content) => el("div", { class: "bubble" }, linked(content.text)),
  image: ({ url }) => imageBubble(url),
  voice,
  location: ({ latitude, longitude, name }) => placeBubble({ latitude, longitude, label: name }),
  articles,
  event: (content) => note(`event.${content.name}`, content.name),
  reminder: ({ name }) =>
    el("div", { class: "remark" }, icon("clock"), el("span", {}, EVENTS.includes(name) ? text(`event.${name}`) : text("reminder.of", { name }))),
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
  el(
    "div",
    { class: "bubble hidden-text", title: text("hidden.hint") },
    icon("lock"),
    el("span", {}, text("hidden.content", { kind: kindWord(kind) })),
  );

/** A recording: a player, or a link to download what browsers cannot play (AMR). */
function voice({ url }) {
  const address = safeAddress(url);
  const bubble = el("div", { class: "bubble voice" }, icon("play"), el("span", {}, text("kind.voice")));
  if (!address) bubble.append(el("small", {}, el("span", { class: "dead-link" }, url)));
  else if (isPlayable(address)) bubble.append(el("audio", { src: address, controls: true, preload: "none", "aria-label": text("kind.voice") }));
  else bubble.append(el("small", {}, text("voice.amr"), " · ", link(address, { download: "" }, text("download"))));
  return bubble;
}

/** Whether the browser can play a recording; the type of an address that names none is taken to be AMR, the platform's format. */
function isPlayable(address) {
  const type = TYPES[/\.(\w+)$/.exec(new URL(address).pathname)?.[1]?.toLowerCase()] ?? "audio/amr";
  return document.createElement("audio").canPlayType(type) !== "";
}

const TYPES = { mp3: "audio/mpeg", wav: "audio/wav", ogg: "audio/ogg", m4a: "audio/mp4", aac: "audio/aac" };

/** One article of a user is a card that was shared; those of the account are news. */
function articles({ articles: list }, side) {
  const cards = list.map(({ title, digest, picture, url }) => ({ title, description: digest, picture_url: picture, url }));
  return side === "user" && cards.length === 1 ? cardBubble(cards[0]) : newsBubble(cards);
}
