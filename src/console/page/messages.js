// The view messages.

import { el } from "./dom.js";
import { text } from "./texts.js";

export const view = {
  name: "messages",
  right: "read",
  icon: "list",
  mount: (root) => root.append(el("h2", {}, text("view.messages"))),
  update: () => {},
  unmount: () => {},
};
