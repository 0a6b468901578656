// A list with a pane beside it, or over it on a narrow screen; the opened conversation is in the address.

import { ConversationPane } from "./conversation.js";
import { el } from "./dom.js";
import { KINDS, openEvents } from "./events.js";
import { change } from "./router.js";
import { onWaiting } from "./waiting.js";

/** The time after which a conversation is loaded although its stream of events is not open. */
const LATEST_MS = 800;

export class Split {
  #id = null;
  #stream = null;
  #ready = Promise.resolve();

  /**
   * Shows `list` in `root`; `changed(summary)` is called after an action on the opened conversation. `isForAnswers` says
   * that whoever opens a conversation wants to answer.
   */
  constructor(root, list, { changed, nothing, isForAnswers = false }) {
    Object.assign(this, { list, isForAnswers });
    this.pane = new ConversationPane({ close: () => this.#close(), changed });
    this.nothing = el("div", { class: "split-nothing" }, nothing);
    this.element = el("div", { class: "split" }, list, this.pane.element, this.nothing);
    this.follow = () => this.#follow();
    root.replaceChildren(this.element);
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("visibilitychange", this.follow);
    this.off = onWaiting((waiting, error) => error || this.pane.notePerson(waiting.find(({ id }) => id === this.pane.id) ?? null));
  }

  /** Opens the conversation `id`; null closes the pane. */
  open(id) {
    if (id === this.#id) return;
    this.#id = id;
    const hadFocus = this.list.contains(document.activeElement);
    this.#follow();
    this.pane.open(id, this.#ready);
    this.nothing.hidden = id !== null;
    this.element.toggleAttribute("data-open", id !== null);
    // On a narrow screen the pane covers the list and the focus in it, and a focused text opens a phone's keyboard.
    const isCovered = !this.list.checkVisibility();
    if (id !== null && hadFocus && isCovered) this.pane.focus();
    if (id !== null && hadFocus && !isCovered && this.isForAnswers) this.pane.focusAnswer();
  }

  /** Ends everything that goes on by itself. */
  stop() {
    this.off();
    document.removeEventListener("visibilitychange", this.follow);
    this.#id = null;
    this.pane.close();
    this.#follow();
  }

  /** Escape closes the pane, unless it ends the choice of a Chinese word or empties a filter. */
  #onKey(event) {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || this.#id === null) return;
    if (!event.target.closest("input, select")) this.#close();
  }

  #close() {
    const id = this.#id;
    change({ id: null });
    const link = [...this.list.querySelectorAll("a[data-id]")].find((found) => found.dataset.id === id);
    (link ?? this.list.querySelector("a[data-id]"))?.focus();
  }

  /** Follows the events of the opened conversation while somebody can see them. */
  #follow() {
    const isWanted = this.#id !== null && !document.hidden;
    if (isWanted === (this.#stream !== null)) return;
    this.#stream?.close();
    this.#stream = null;
    if (!isWanted) return;
    const look = (event) => this.pane.isOf(event) && this.pane.refreshSoon();
    // A listener that was too slow is told that everything has changed.
    const lost = ({ what }) => KINDS.every((kind) => what.includes(kind)) && this.pane.refreshSoon();
    // What came before the stream was open is not in it: a conversation is loaded after that, or looked at again.
    let isReady = () => {};
    this.#ready = new Promise((resolve) => (isReady = resolve));
    setTimeout(isReady, LATEST_MS);
    const state = (name) => {
      if (name !== "live") return;
      isReady();
      this.pane.refreshSoon();
    };
    this.#stream = openEvents({ entry: look, step: look, change: lost }, { state });
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
