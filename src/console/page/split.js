// A list with a pane beside it, or over it on a narrow screen; the opened conversation is in the address.

import { ConversationPane } from "./conversation.js";
import { el } from "./dom.js";
import { openEvents } from "./events.js";
import { change } from "./router.js";

export class Split {
  #stream = null;

  /** Shows `list` in `root`; `changed(summary)` is called after an action on the opened conversation. */
  constructor(root, list, { changed, nothing }) {
    this.list = list;
    this.pane = new ConversationPane({ close: () => this.#close(), changed });
    this.nothing = el("div", { class: "split-nothing" }, nothing);
    this.element = el("div", { class: "split" }, list, this.pane.element, this.nothing);
    this.follow = () => this.#follow();
    root.replaceChildren(this.element);
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && this.pane.id !== null && this.#close());
    document.addEventListener("visibilitychange", this.follow);
  }

  /** Opens the conversation `id`; null closes the pane. */
  open(id) {
    if (id === this.pane.id) return;
    this.pane.open(id);
    this.nothing.hidden = id !== null;
    this.element.toggleAttribute("data-open", id !== null);
    this.#follow();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.follow);
    this.pane.close();
    this.#follow();
  }

  #close() {
    const { id } = this.pane;
    change({ id: null });
    const link = [...this.list.querySelectorAll("a[data-id]")].find((found) => found.dataset.id === id);
    (link ?? this.list.querySelector("a[data-id]"))?.focus();
  }

  /** Follows the events of the opened conversation while somebody can see them. */
  #follow() {
    const isWanted = this.pane.id !== null && !document.hidden;
    if (isWanted === (this.#stream !== null)) return;
    this.#stream?.close();
    this.#stream = null;
    if (!isWanted) return;
    const look = (event) => this.pane.isOf(event) && this.pane.refreshSoon();
    const state = (name) => name === "live" && this.pane.refreshSoon();
    this.#stream = openEvents({ entry: look, step: look, change: ({ what }) => what.includes("desk") && this.pane.refreshSoon() }, { state });
  }
}

/** Lets the Up and Down keys move between the links of a list. */
export function moveByKeys(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const links = [...list.querySelectorAll("a[data-id]")];
    const at = links.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    links[at + step]?.focus();
  });
}
