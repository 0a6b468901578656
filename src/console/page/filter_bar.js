// The controls that set the filters of messages in the address.

import { el, icon } from "./dom.js";
import { kindWord } from "./entries.js";
import { KINDS, SPANS, filterCount } from "./filters.js";
import { accountWords } from "./names.js";
import { can, knownAccounts } from "./session.js";
import { text } from "./texts.js";

const SEPARATOR = "\u001f";
/** The most accounts that a list offers; of others the address knows the names. */
const MOST_ACCOUNTS = 500;

export class FilterBar {
  /** `change(params)` is called with changed parameters; null removes one. */
  constructor(root, change) {
    this.change = change;
    this.params = {};
    this.search = input("search", "text", text(can("bodies") ? "filter.text" : "filter.number"));
    this.toggle = el("button", {
      type: "button",
      class: "small filter-toggle",
      "aria-expanded": "false",
      "aria-controls": "filter-more",
      on: { click: () => this.#unfold() },
    });
    this.segments = [this.#segments("queue", ["inbox", "outbox"]), this.#segments("state", ["pending", "done", "dead"])];
    this.account = this.#select("account", accountChoices());
    this.kind = this.#select(
      "kind",
      KINDS.map((kind) => [kind, kindWord(kind)]),
    );
    this.span = this.#select("span", [...Object.keys(SPANS).map((span) => [span, text(`span.${span}`)]), ["own", text("span.own")]]);
    this.user = input("text", "user", text("filter.user"));
    this.reason = input("text", "reason", text("filter.reason"));
    this.own = el(
      "span",
      { class: "own-span", hidden: true },
      this.#moment("since"),
      el("span", { "aria-hidden": "true" }, "–"),
      this.#moment("until"),
    );
    this.chips = el("span", { class: "filter-chips" });
    this.more = el(
      "div",
      { id: "filter-more", class: "filter-more" },
      this.segments,
      this.account,
      this.kind,
      this.span,
      this.own,
      this.user,
      this.reason,
      this.chips,
    );
    for (const field of [this.search, this.user, this.reason]) this.#listen(field);
    root.append(
      el(
        "div",
        { class: "filters boxed", role: "search", "aria-label": text("filter.bar") },
        el("div", { class: "filter-first" }, this.search, this.toggle),
        this.more,
      ),
    );
  }

  /** Shows the values of the address. */
  show(params) {
    this.params = params;
    for (const field of [this.search, this.user, this.reason]) if (document.activeElement !== field) field.value = params[field.name] ?? "";
    for (const group of this.segments)
      for (const button of group.children) button.setAttribute("aria-pressed", String(button.value === (params[group.dataset.name] ?? "")));
    choose(this.account, params.account ? [params.app ?? "", params.account].join(SEPARATOR) : "", accountWords(params));
    choose(this.kind, params.kind ?? "", kindWord(params.kind ?? ""));
    choose(this.span, params.since || params.until ? "own" : (params.span ?? ""), params.span ?? "");
    this.own.hidden = this.span.value !== "own";
    for (const field of this.own.querySelectorAll("input")) field.value = localTime(params[field.name]);
    this.#showChips(params);
    const set = filterCount(params);
    this.toggle.replaceChildren(text("filter.bar"), set > 0 ? el("b", { class: "badge" }, String(set)) : "");
  }

  focusSearch() {
    this.search.focus();
    this.search.select();
  }

  #unfold() {
    const isOpen = this.more.classList.toggle("open");
    this.toggle.setAttribute("aria-expanded", String(isOpen));
  }

  /** A field's value counts when it is entered: each search is a look at many entries. */
  #listen(field) {
    field.addEventListener("change", () => {
      const [, entry] = (field === this.search && /^#(\d+)$/.exec(field.value.trim())) || [];
      if (entry) field.value = this.params.text ?? "";
      this.change(entry ? { entry } : { [field.name]: field.value.trim() || null });
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && field.value === "") field.blur();
    });
  }

  #segments(name, values) {
    const button = (value) =>
      el(
        "button",
        { type: "button", value, "aria-pressed": "false", on: { click: () => this.change({ [name]: value || null }) } },
        text(value ? `${name}.${value}` : "filter.all"),
      );
    return el("div", { class: "segments", role: "group", "aria-label": text(`filter.${name}`), data: { name } }, ["", ...values].map(button));
  }

  #select(name, choices) {
    const all = el("option", { value: "" }, text(`filter.${name}.all`));
    const options = choices.map(([value, label]) => el("option", { value }, label));
    return el(
      "select",
      { name, "aria-label": text(`filter.${name}`), on: { change: (event) => this.#chosen(name, event.target.value) } },
      all,
      options,
    );
  }

  #chosen(name, value) {
    if (name === "account") {
      const [app, account] = value.split(SEPARATOR);
      this.change({ app: app || null, account: account ?? null });
    } else if (name !== "span") {
      this.change({ [name]: value || null });
    } else if (value === "own") {
      this.own.hidden = false;
      this.own.querySelector("input").focus();
    } else {
      this.change({ span: value || null, since: null, until: null });
    }
  }

  #moment(name) {
    const set = (event) => {
      const at = event.target.value ? new Date(event.target.value).getTime() : null;
      this.change({ [name]: at, span: null });
    };
    return el("input", { type: "datetime-local", name, step: 1, "aria-label": text(`filter.${name}`), on: { change: set } });
  }

  /** The filters without a control of their own: each can be removed. */
  #showChips(params) {
    const chip = (name, label) =>
      el(
        "button",
        { type: "button", class: "small", "aria-label": text("filter.remove", { what: label }), on: { click: () => this.change({ [name]: null }) } },
        label,
        icon("close"),
      );
    const chips = ["group", "conversation"].filter((name) => params[name]).map((name) => chip(name, text(`filter.in.${name}`)));
    if (params.app && !params.account) chips.push(chip("app", params.app));
    const clear = el("button", { type: "button", class: "plain small", on: { click: () => this.#clear() } }, text("filter.clear"));
    this.chips.replaceChildren(...chips, ...(filterCount(params) > 0 ? [clear] : []));
  }

  #clear() {
    const names = Object.keys(this.params).filter((name) => name !== "entry");
    this.change(Object.fromEntries(names.map((name) => [name, null])));
  }
}

function input(type, name, label, properties = {}) {
  return el("input", {
    type,
    name,
    class: `filter-${name}`,
    placeholder: label,
    autocomplete: "off",
    spellcheck: false,
    maxLength: 200,
    "aria-label": label,
    ...properties,
  });
}

const accountChoices = () =>
  knownAccounts()
    .slice(0, MOST_ACCOUNTS)
    .map((known) => [[known.app, known.account].join(SEPARATOR), accountWords(known)]);

/** Chooses a value of a list, which is added if the list does not have it. */
function choose(select, value, label) {
  if (![...select.options].some((option) => option.value === value)) select.append(el("option", { value }, label));
  select.value = value;
}

/** A time as a field for date and time has it, in the browser's time zone. */
function localTime(at) {
  const date = new Date(/^\d+$/.test(at ?? "") ? Number(at) : (at ?? ""));
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
