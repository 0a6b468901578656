// The deliveries as rows: each message to the server under test, and the API calls that answer no message.

import { Detail } from "./detail.js";
import { WindowedList } from "./list.js";
import { isFine, outcome } from "./outcome.js";
import { isCall, keyOf, rowOf, usersOf, what, who } from "./rows.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const byTime = (a, b) => a.at - b.at || a.id - b.id;
const isTrouble = ({ tone }) => tone === "warn" || tone === "bad";

/** The interval at which outcomes that depend on the time are updated. */
const TICK_MS = 1000;

export class Deliveries {
  /** `chosen` holds account and user. */
  constructor(sandbox, chosen) {
    Object.assign(this, { sandbox, chosen, filter: "all", words: [], selected: null, awaited: null });
    // The shown outcome of each delivery and of each call that answers no message: `{ tone, words, ticks }`.
    this.judged = new Map();
    this.rows = byId("delivery-list");
    this.list = new WindowedList({
      list: this.rows,
      scroller: byId("log"),
      key: keyOf,
      render: (item) => rowOf(item, this.judged.get(keyOf(item)) ?? this.#judge(item), this.selected === keyOf(item), sandbox),
      order: byTime,
      newestFirst: true,
      moved: (list) => this.#moved(list),
    });
    this.detail = new Detail(sandbox, {
      show: (id) => this.show(id),
      sendAsNew: (item) => this.#sendAsNew(item),
      closed: () => this.rows.focus({ preventScroll: true }),
    });
    sandbox.on("changed", (kind, items) => this.#changed(kind, items));
    byId("filter").addEventListener("click", (event) => this.#choose(event.target.closest("button")?.dataset.filter));
    byId("search").addEventListener("input", (event) => this.#search(event.target.value));
    byId("show-faults").addEventListener("click", () => {
      this.detail.close();
      byId("all-off").parentElement.querySelector("button:enabled")?.focus();
    });
    this.rows.addEventListener("click", (event) => this.#pressed(event.target.closest("[data-key]")));
    this.rows.addEventListener("keydown", (event) => this.#onKey(event));
    setInterval(() => this.#tick(), TICK_MS);
    this.#choose("all");
  }

  /** Shows all rows again, for a new state or another conversation. */
  reset() {
    this.judged.clear();
    const items = this.#known();
    for (const item of items) this.#judge(item);
    this.#fill(items);
    this.detail.refresh(this.#shownItem());
  }

  /** Shows all texts in the language that was chosen. */
  redraw() {
    for (const item of this.#known()) this.#judge(item);
    this.list.redraw();
    this.detail.redraw();
  }

  /** Opens a delivery, also one that the filter or the search hides. */
  show(id) {
    this.#open(this.sandbox.delivery.get(id));
  }

  /** Opens an API call: in its delivery, if it answers one. */
  showCall(id) {
    const call = this.sandbox.call.get(id);
    if (!call) return;
    this.#open(this.sandbox.delivery.get(call.delivery) ?? call);
    this.detail.find(call.id);
  }

  #open(item, focus = true) {
    if (!item) return;
    if (!this.list.items.has(keyOf(item))) this.#showAll();
    this.#select(keyOf(item));
    this.detail.open(item);
    if (focus || byId("log").checkVisibility({ visibilityProperty: true }) === false) this.detail.focus();
  }

  #showAll() {
    byId("search").value = "";
    this.words = [];
    this.#choose("all");
  }

  #select(key) {
    this.#mark(this.selected, false);
    this.selected = key;
    this.list.show(key);
    this.#mark(key, true);
  }

  #mark(key, isSelected) {
    const row = this.list.shown.get(key);
    row?.classList.toggle("found", isSelected);
    row?.setAttribute("aria-selected", String(isSelected));
    if (isSelected && row) this.rows.setAttribute("aria-activedescendant", row.id);
  }

  #pressed(row) {
    if (row) this.#open(this.list.items.get(row.dataset.key), false);
  }

  /** Moves through the rows with Up, Down, Home and End; Enter opens a row and moves the focus to it, Escape closes it. */
  #onKey(event) {
    const keys = [...this.list.items.keys()].reverse();
    const at = keys.indexOf(this.selected);
    const steps = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: keys.length - 1 };
    const opens = event.key === "Enter" || event.key === " ";
    if (event.key === "Escape") this.detail.close();
    if (!opens && !(event.key in steps)) return;
    event.preventDefault();
    const key = opens ? this.selected : keys[steps[event.key]];
    const item = this.list.items.get(key);
    if (item && (opens || this.detail.isOpen)) this.#open(item, opens);
    else if (item) this.#select(key);
  }

  #choose(filter) {
    if (!filter) return;
    this.filter = filter;
    for (const button of byId("filter").children) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    this.#fill(this.#known());
  }

  #search(words) {
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.#fill(this.#known());
  }

  #fill(items) {
    this.list.reset(items.filter((item) => this.#passes(item)));
  }

  /** The deliveries, and the API calls that answer no message, oldest first. */
  #known() {
    const { delivery, call } = this.sandbox;
    const lonely = [...call.values()].filter((item) => !delivery.has(item.delivery));
    return [...delivery.values(), ...lonely].sort(byTime);
  }

  #passes(item) {
    return this.#passesFilter(item) && this.#isFound(item);
  }

  #passesFilter(item) {
    if (this.filter === "trouble") return isTrouble(this.judged.get(keyOf(item)) ?? this.#judge(item));
    if (this.filter !== "here") return true;
    const users = usersOf(item);
    return item.account === this.chosen.account && (users.length === 0 || users.includes(this.chosen.user));
  }

  /** Whether the user, the text and the ids of an item contain all words of the search. */
  #isFound(item) {
    if (this.words.length === 0) return true;
    const messageId = /<MsgId>(.*?)<\/MsgId>/i.exec(item.xml ?? "")?.[1];
    const said = [`#${item.id}`, messageId, ...usersOf(item), who(item, this.sandbox), item.account, what(item, this.sandbox)].join("\n").toLowerCase();
    return this.words.every((word) => said.includes(word));
  }

  #changed(kind, items) {
    if (kind !== "delivery" && kind !== "call") return;
    const touched = new Set(items.flatMap((item) => (isCall(item) ? this.#concerned(item) : [item])));
    for (const item of touched) this.#judge(item);
    this.#forget();
    const passing = [...touched].filter((item) => this.list.items.has(keyOf(item)) || this.#passes(item));
    if (passing.length > 0) this.list.put(passing);
    this.#moved(this.list);
    const shown = this.#shownItem();
    if (touched.has(shown)) this.detail.refresh(shown);
    if (this.sandbox.delivery.has(this.awaited)) {
      const id = this.awaited;
      this.awaited = null;
      this.show(id);
    }
  }

  /** The items whose outcome an API call changes: its delivery, and deliveries of its users without an answer so far. */
  #concerned(call) {
    const own = this.sandbox.delivery.get(call.delivery) ?? call;
    const others = [...this.sandbox.delivery.values()].filter((item) => call.users.includes(item.user) && isTrouble(this.judged.get(keyOf(item)) ?? {}));
    return [own, ...others];
  }

  /** Updates outcomes that depend on the time. */
  #tick() {
    const items = [...this.judged].filter(([, { ticks }]) => ticks).map(([key]) => this.#item(key)).filter(Boolean);
    const changed = items.filter((item) => {
      const before = this.judged.get(keyOf(item));
      const now = this.#judge(item);
      return before.tone !== now.tone;
    });
    const listed = changed.filter((item) => this.list.items.has(keyOf(item)) || this.#passes(item));
    if (listed.length > 0) this.list.put(listed);
    if (changed.length > 0) this.#moved(this.list);
    this.detail.tick();
  }

  #item(key) {
    return this.sandbox[key[0] === "c" ? "call" : "delivery"].get(Number(key.slice(1)));
  }

  #shownItem() {
    return this.detail.item && this.#item(keyOf(this.detail.item));
  }

  #judge(item) {
    const judged = isCall(item) ? { tone: isFine(item) ? "good" : "bad", words: item.path, ticks: false } : outcome(item, this.sandbox, this.sandbox.now());
    this.judged.set(keyOf(item), judged);
    return judged;
  }

  /** Forgets the items that the store has forgotten. */
  #forget() {
    for (const key of this.judged.keys()) if (!this.#item(key)) this.judged.delete(key);
    this.list.drop([...this.list.items.keys()].filter((key) => !this.#item(key)));
  }

  #moved(list) {
    byId("deliveries-empty").hidden = list.items.size > 0;
    byId("delivery-count").textContent = list.items.size > 0 ? text("count", { n: list.items.size }) : "";
    const troubles = [...this.judged.values()].filter(isTrouble).length;
    byId("trouble-count").hidden = troubles === 0;
    byId("trouble-count").textContent = troubles;
  }

  async #sendAsNew(item) {
    const message = this.sandbox.message.get(item.message);
    if (!message) return;
    const { delivery } = await this.sandbox.send(item.account, item.user, message.content);
    if (this.sandbox.delivery.has(delivery)) this.show(delivery);
    else this.awaited = delivery;
  }
}
