// The note that a list shows while it is empty.

import { el, icon } from "./dom.js";
import { text } from "./texts.js";

/** The text `name` and its hint `name.hint` below the icon `shape`. */
export const emptyNote = (name, shape, properties = {}) => el("div", { class: "empty", ...properties }, emptyWords(name, shape));

/** The content of such a note, for one that is written in HTML. */
export const emptyWords = (name, shape) => [icon(shape), el("strong", {}, text(name)), el("span", {}, text(`${name}.hint`))];
