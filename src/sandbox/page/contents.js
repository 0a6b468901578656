// The contents of messages as an app shows them: one function for each kind.

import { cardBubble, imageBubble, newsBubble, placeBubble } from "./bubbles.js";
import { el, icon, link, linked, safeAddress } from "./dom.js";
import { text } from "./texts.js";

const SHOWN = {
  text: (content) => el("div", { class: "bubble" }, linked(content.text)),
  image: ({ url }) => imageBubble(url),
  voice,
  location: (content) => placeBubble(content),
  imgtxt: cardBubble,
  news: (content) => newsBubble(content.articles),
  mpnews: (content) => newsBubble(content.articles),
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
