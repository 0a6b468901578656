// The view overview.

import { el } from "./dom.js";
import { text } from "./texts.js";

export const view = {
  name: "overview",
  right: "read",
  icon: "chart",
  mount: (root) => root.append(el("h2", {}, text("view.overview"))),
  update: () => {},
  unmount: () => {},
};
