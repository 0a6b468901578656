// Messages as an app shows them: pictures, places and cards. The sandbox's chat and the console's have them in common.

import { el, icon, link, picture, safeAddress } from "./dom.js";
import { currentLanguage, text } from "./texts.js";

/** A picture that leads to its address. */
export function imageBubble(address) {
  const shape = { class: "bubble picture" };
  const inside = picture(address, { alt: text("kind.image") });
  return safeAddress(address) ? link(address, shape, inside) : el("div", shape, inside);
}

/** A place with its coordinates and a link to a map; no map is loaded. */
export function placeBubble({ latitude, longitude, label }) {
  const where = `${latitude}, ${longitude}`;
  return el(
    "div",
    { class: "bubble place" },
    icon("place"),
    el("span", {}, label || where),
    el("small", {}, label && `${where} · `, link(mapAddress({ latitude, longitude, label }), {}, text("map"))),
  );
}

/** A map in the reader's language. */
function mapAddress({ latitude, longitude, label }) {
  if (currentLanguage() === "zh") return `https://uri.amap.com/marker?${new URLSearchParams({ position: `${longitude},${latitude}`, name: label ?? "" })}`;
  return `https://www.openstreetmap.org/?${new URLSearchParams({ mlat: latitude, mlon: longitude })}#map=16/${latitude}/${longitude}`;
}

/** A card that a user shares: `{ title, description, picture_url, url }`. */
export function cardBubble(content) {
  return link(
    content.url,
    { class: "bubble card" },
    el("strong", {}, content.title),
    content.description && el("p", {}, content.description),
    picture(content.picture_url, { alt: "" }),
  );
}

/** Articles of an account: one is a card, several are a cover and rows. */
export function newsBubble(articles) {
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
