// The contents of messages as an app shows them: one function for each kind.

import { el, icon, link, linked, picture, safeAddress } from "./dom.js";
import { currentLanguage, text } from "./texts.js";

const SHOWN = {
  text: (content) => el("div", { class: "bubble" }, linked(content.text)),
  image,
  voice,
  location: place,
  imgtxt: card,
  news: (content) => news(content.articles),
  mpnews: (content) => news(content.articles),
};

/** The element of a content; a content of an unknown kind is shown as JSON. */
export function shown(content) {
  return SHOWN[content.kind]?.(content) ?? el("div", { class: "bubble" }, JSON.stringify(content));
}

/** The content in one line, for lists and for screen readers. */
export function summary(content) {
  switch (content.kind) {
    case "text":
      return content.text;
    case "voice":
      return content.seconds === null ? text("kind.voice") : text("voice.said", { n: rounded(content.seconds) });
    case "location":
      return content.label || `${content.latitude}, ${content.longitude}`;
    case "imgtxt":
      return content.title;
    case "news":
    case "mpnews":
      return content.articles.map((article) => article.title).join(" · ");
    default:
      return text(`kind.${content.kind}`, {}, content.kind);
  }
}

const rounded = (seconds) => Math.max(1, Math.round(seconds));

function image({ url }) {
  const shape = { class: "bubble picture" };
  const inside = picture(url, { alt: text("kind.image") });
  return safeAddress(url) ? link(url, shape, inside) : el("div", shape, inside);
}

function voice(content) {
  const length = content.seconds === null ? text("voice.unknown") : text("voice.seconds", { n: rounded(content.seconds) });
  const address = safeAddress(content.url);
  const bubble = el("div", { class: "bubble voice" }, icon("play"), el("span", {}, length));
  if (!address) bubble.append(el("span", { class: "dead-link" }, String(content.url)));
  else if (isPlayable(address)) bubble.firstChild.replaceWith(player(bubble, address, summary(content)));
  else bubble.append(unplayable(address, "voice.amr"));
  return bubble;
}

// The platform's recordings are AMR, which most browsers cannot decode; the paths of the sandbox's own files show it.
const isPlayable = (address) => !/\.amr$|\/sandbox\/media\//i.test(new URL(address).pathname) || document.createElement("audio").canPlayType("audio/amr") !== "";

const unplayable = (address, why) => el("small", {}, text(why), " · ", link(address, { download: "" }, text("download")));

/** A button that plays a recording, and explains it if the browser cannot. */
function player(bubble, address, label) {
  const audio = new Audio();
  const fail = () => button.isConnected && bubble.replaceChildren(icon("play"), bubble.lastChild, unplayable(address, "voice.unplayable"));
  const play = () => {
    if (!audio.paused) return audio.pause();
    if (!audio.src) audio.src = address;
    return audio.play().catch(fail);
  };
  const button = el("button", { type: "button", class: "plain square", "aria-label": text("voice.play", { what: label }), data: { control: "play" }, on: { click: play } }, icon("play"));
  return button;
}

function place(content) {
  const where = `${content.latitude}, ${content.longitude}`;
  return el(
    "div",
    { class: "bubble place" },
    icon("place"),
    el("span", {}, content.label || where),
    el("small", {}, content.label && `${where} · `, link(mapAddress(content), {}, text("map"))),
  );
}

/** A map in the reader's language. */
function mapAddress({ latitude, longitude, label }) {
  if (currentLanguage() === "zh") return `https://uri.amap.com/marker?${new URLSearchParams({ position: `${longitude},${latitude}`, name: label })}`;
  return `https://www.openstreetmap.org/?${new URLSearchParams({ mlat: latitude, mlon: longitude })}#map=16/${latitude}/${longitude}`;
}

function card(content) {
  return link(
    content.url,
    { class: "bubble card" },
    el("strong", {}, content.title),
    content.description && el("p", {}, content.description),
    picture(content.picture_url, { alt: "" }),
  );
}

function news(articles) {
  const [first, ...others] = articles;
  if (!first) return el("div", { class: "bubble" }, text("kind.news"));
  // A single card shows its description, the head of a list does not.
  const cover = article(first, "cover", others.length === 0 && first.description);
  return el("ul", { class: "news" }, el("li", {}, cover), others.map((other) => el("li", {}, article(other, "row"))));
}

function article({ title, url, picture_url: address }, shape, description) {
  const words = el("div", { class: "article-words" }, el("div", { class: "article-title" }, title), description && el("p", {}, description));
  return link(url, { class: `article ${shape}` }, picture(address, { alt: "" }), words);
}
