// The view dead-letters.

import { el } from "./dom.js";
import { text } from "./texts.js";

export const view = {
  name: "dead-letters",
  right: "read",
  icon: "alert",
  mount: (root) => root.append(el("h2", {}, text("view.dead-letters"))),
  update: () => {},
  unmount: () => {},
};
