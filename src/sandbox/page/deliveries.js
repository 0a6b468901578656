// The deliveries: each message on its way to the server under test, and the API calls that came back.

import { TONES } from "./chat.js";
import { summary } from "./contents.js";
import { attempt as run } from "./dialog.js";
import { el, icon } from "./dom.js";
import { WindowedList } from "./list.js";
import { clockTime, text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const isCall = (item) => "path" in item;
const keyOf = (item) => (isCall(item) ? `c${item.id}` : `d${item.id}`);

/** How many API calls are written out below one delivery: a busy bot makes hundreds. */
const MOST_CALLS = 20;

/** Whether an API call was accepted: not refused, no fault, and an answer without an error code. */
const isFine = (call) => !call.refused && !call.fault && call.status === 200;
/** Whether the server under test answered what a sound server would not. */
const isUnsound = (attempt) => attempt.status !== null && attempt.status !== attempt.expected;

export class Deliveries {
  /** `chosen` holds account and user. */
  constructor(sandbox, chosen) {
    Object.assign(this, { sandbox, chosen, filter: "all", open: new Set(), found: null });
    this.list = new WindowedList({
      list: byId("delivery-list"),
      scroller: byId("log"),
      key: keyOf,
      render: (item) => (isCall(item) ? this.#lonelyCall(item) : this.#delivery(item)),
      newestFirst: true,
      moved: (list) => this.#moved(list),
    });
    sandbox.on("changed", (kind, items) => this.#changed(kind, items));
    byId("filter").addEventListener("click", (event) => this.#choose(event.target.dataset.filter));
    this.#choose("all");
  }

  /** Everything is new, or another conversation was chosen. */
  reset() {
    const { delivery, call } = this.sandbox;
    const lonely = [...call.values()].filter((item) => item.delivery === null);
    const items = [...delivery.values(), ...lonely].filter((item) => this.#passes(item));
    this.list.reset(items.sort((a, b) => a.at - b.at));
  }

  /** Another language. */
  redraw() {
    this.list.redraw();
  }

  /** Brings a delivery in sight, whatever the filter. */
  show(id) {
    const item = this.sandbox.delivery.get(id);
    if (!item) return;
    if (!this.#passes(item)) this.#choose("all");
    const before = this.found;
    this.found = keyOf(item);
    this.list.shown.get(before)?.classList.remove("found");
    const element = this.list.show(this.found);
    element?.classList.add("found");
    element?.querySelector("[data-control='resend']").focus();
  }

  #choose(filter) {
    if (!filter) return;
    this.filter = filter;
    for (const button of byId("filter").children) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    this.reset();
  }

  #passes(item) {
    if (this.filter === "here") {
      const users = isCall(item) ? item.users : [item.user];
      return item.account === this.chosen.account && (users.length === 0 || users.includes(this.chosen.user));
    }
    if (this.filter !== "trouble") return true;
    if (isCall(item)) return !isFine(item);
    const isTroubled = item.state === "failed" || item.state === "not_sent" || item.attempts.length > 1;
    return isTroubled || item.attempts.some(isUnsound) || this.sandbox.callsOf(item.id).some((call) => !isFine(call));
  }

  #changed(kind, items) {
    if (kind !== "delivery" && kind !== "call") return;
    const touched = items.map((item) => (isCall(item) && item.delivery !== null ? this.sandbox.delivery.get(item.delivery) : item));
    const passing = touched.filter((item) => item && (this.list.items.has(keyOf(item)) || this.#passes(item)));
    if (passing.length > 0) this.list.put(passing);
  }

  #moved(list) {
    byId("deliveries-empty").hidden = list.items.size > 0;
    byId("delivery-count").textContent = list.items.size > 0 ? text("count", { n: list.items.size }) : "";
  }

  #delivery(item) {
    const what = this.#what(item);
    const resend = el(
      "button",
      {
        type: "button",
        class: "plain small",
        "aria-label": text("resend.label", { what }),
        data: { control: "resend" },
        on: { click: () => run(() => this.sandbox.resend(item.id)) },
      },
      icon("again"),
      el("span", {}, text("resend")),
    );
    const user = this.sandbox.user.get(item.user)?.name || item.user;
    const account = this.sandbox.account.get(item.account)?.name || item.account;
    const tone = TONES[item.state] ?? "";
    return el(
      "li",
      { class: `delivery ${this.found === keyOf(item) ? "found" : ""}` },
      el(
        "div",
        { class: "delivery-head" },
        el("span", { class: `dot ${item.attempts.some(isUnsound) ? "bad" : tone}` }),
        el("div", { class: "delivery-what" }, kindChip(item.kind), el("b", {}, what)),
        el("div", { class: "delivery-who" }, `${clockTime(item.at)} · ${user} → ${account}`),
        el("div", { class: "actions" }, el("span", { class: `chip ${tone}` }, text(`state.${item.state}`, {}, item.state)), resend),
      ),
      this.#attempts(item),
      this.#inside(item),
    );
  }

  #what(item) {
    const message = this.sandbox.message.get(item.message);
    return message ? summary(message.content) : `#${item.message}`;
  }

  #attempts({ attempts, reason }) {
    if (attempts.length === 0 && !reason) return null;
    const limit = this.sandbox.timeoutMs;
    const label = text("attempt.label", { n: limit / 1000 });
    return el(
      "ol",
      { class: "attempts", "aria-label": label },
      attempts.map((attempt) => attemptLine(attempt, limit)),
      reason && el("li", { class: "bad-text" }, reason),
    );
  }

  /** What opens: it is built when it is opened, and stays open when the delivery changes. */
  #inside(item) {
    const key = keyOf(item);
    const calls = this.sandbox.callsOf(item.id);
    const head = el("summary", { data: { control: "inside" } }, text("inside.summary", { n: calls.length }), troubleChips(calls));
    return this.#details(key, head, () => [
      block(text("inside.url"), item.url),
      block(text("inside.xml"), item.xml),
      item.attempts.flatMap(attemptBlocks),
      calls.length > 0 && callList(calls),
    ]);
  }

  /** An API call that answers no delivery: of a menu, to all followers, or of a script. */
  #lonelyCall(item) {
    const users = item.users.map((id) => this.sandbox.user.get(id)?.name || id).join(", ");
    const who = [clockTime(item.at), item.account, users].filter(Boolean).join(" · ");
    const head = el("summary", { data: { control: "inside" } }, text("inside.call"));
    return el(
      "li",
      { class: "delivery" },
      el(
        "div",
        { class: "delivery-head" },
        el("span", { class: `dot ${isFine(item) ? "good" : "bad"}` }),
        el("div", { class: "delivery-what" }, kindChip("call"), el("b", {}, item.path)),
        el("div", { class: "delivery-who" }, who),
        el("div", { class: "actions" }, callChip(item)),
      ),
      this.#details(keyOf(item), head, () => [callDetails(item)]),
    );
  }

  #details(key, head, build) {
    const inside = el("div", { class: "inside" });
    const fill = () => inside.replaceChildren(...build().flat(2).filter(Boolean));
    const details = el("details", { open: this.open.has(key) }, head, inside);
    if (details.open) fill();
    details.addEventListener("toggle", () => {
      if (details.open === this.open.has(key)) return;
      if (details.open) this.open.add(key);
      else this.open.delete(key);
      if (details.open) fill();
      else inside.replaceChildren();
    });
    return details;
  }
}

const kindChip = (kind) => el("span", { class: `chip ${kind === "call" ? "info" : ""}` }, text(`kind.${kind}`, {}, kind));

function attemptLine(attempt, limit) {
  const share = Math.min(1, attempt.ms / limit);
  const filled = el("span", { class: attempt.status === null || share >= 1 ? "bad" : share > 0.5 ? "warn" : "" });
  filled.style.width = `${share * 100}%`;
  return el(
    "li",
    { class: "attempt" },
    el("span", {}, String(attempt.number)),
    el("span", { class: "bar", "aria-hidden": "true" }, filled),
    el("span", { class: "ms" }, text("ms", { n: attempt.ms })),
    el("span", { class: "result" }, result(attempt), attempt.fault && [" ", el("span", { class: "chip warn" }, text(attempt.fault))]),
  );
}

/** What came of an attempt, and whether that is what a sound server does. */
function result({ status, error, expected, fault }) {
  if (status === null) return el("span", { class: "bad-text" }, error ?? text("call.unanswered"));
  if (status !== expected) return el("b", { class: "bad-text" }, `${status} · ${text("attempt.expected", { status: expected })}`);
  // The chip of the fault says it already.
  if (error && fault !== "drop_answer") return el("span", { class: "warn-text" }, `${status} · ${error}`);
  if (status !== 200) return el("span", { class: "good-text" }, `${status} · ${text("attempt.refused")}`);
  return el("span", { class: "good-text" }, String(status));
}

function attemptBlocks({ number, answer, xml }) {
  return [answer && block(text("attempt.answer", { n: number }), pretty(answer)), xml !== null && block(text("attempt.xml", { n: number }), xml)];
}

const block = (title, content) => el("div", {}, el("h3", {}, title), el("pre", { tabIndex: 0 }, content));

function callList(calls) {
  const left = calls.length - MOST_CALLS;
  return el(
    "div",
    {},
    el("h3", {}, text("inside.calls")),
    left > 0 && el("p", { class: "count" }, text("inside.more", { n: left })),
    el("div", { class: "calls" }, calls.slice(-MOST_CALLS).map(callDetails)),
  );
}

/** One chip for each way in which calls went wrong. */
function troubleChips(calls) {
  const chips = new Map();
  for (const call of calls.filter((call) => !isFine(call))) {
    const chip = callChip(call);
    const known = chips.get(chip.textContent) ?? { chip, count: 0 };
    chips.set(chip.textContent, { ...known, count: known.count + 1 });
  }
  return [...chips.values()].map(({ chip, count }) => (count > 1 ? [chip, `× ${count}`] : chip));
}

function callChip({ status, refused, fault }) {
  if (fault) return el("span", { class: "chip warn" }, text(`fault.${fault}`, {}, fault));
  if (refused) return el("span", { class: "chip bad" }, text("call.refused"));
  if (status === null) return el("span", { class: "chip bad" }, text("call.unanswered"));
  return el("span", { class: `chip ${status === 200 ? "good" : "bad"}` }, String(status));
}

function callDetails(call) {
  return el(
    "div",
    { class: "call" },
    el("div", { class: "call-line" }, el("span", {}, clockTime(call.at)), el("code", {}, call.path), callChip(call)),
    call.refused && el("p", { class: "why" }, call.refused),
    call.body && el("pre", { tabIndex: 0, "aria-label": text("call.body") }, pretty(call.body)),
    call.answer && el("pre", { tabIndex: 0, "aria-label": text("call.answer") }, call.answer),
  );
}

/** JSON on several lines; anything else as it is. */
function pretty(words) {
  try {
    return JSON.stringify(JSON.parse(words), null, 2);
  } catch {
    return words;
  }
}
