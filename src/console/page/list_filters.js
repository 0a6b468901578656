// The fields of a list's filters: text fields that wait until somebody has typed, and the choice of an account.

import { el } from "./dom.js";
import { appName, hasApps, session } from "./session.js";
import { text } from "./texts.js";

/** The time without typing after which a filter holds. */
const TYPING_MS = 350;

/** A text field; `changed(value)` is called with null or the new value. Returns `{ element, show(value) }`. */
export function fieldOf(name, changed, properties = {}) {
  let timer = null;
  const done = () => {
    clearTimeout(timer);
    timer = null;
    changed(input.value.trim() || null);
  };
  const type = () => {
    clearTimeout(timer);
    timer = setTimeout(done, TYPING_MS);
  };
  const label = text(name);
  const input = el("input", { type: "search", class: "search", autocomplete: "off", spellcheck: false, placeholder: label, "aria-label": label, ...properties, on: { input: type, change: done } });
  return {
    element: input,
    show(value) {
      // What is being typed must not be replaced by what was typed before.
      if (timer === null && input.value.trim() !== value) input.value = value;
    },
  };
}

/** The choice of one of the configured accounts, or of all; `changed(app, account)` is called with nulls for all. */
export function accountChoice(changed) {
  const known = session.accounts.map(({ app, account }) => ({ app, account }));
  const options = () => [el("option", { value: "" }, text("account.all")), ...known.map(({ app, account }, index) => el("option", { value: String(index) }, hasApps() ? `${account} · ${appName(app)}` : account))];
  const choose = () => {
    const { app = null, account = null } = known[Number(select.value || -1)] ?? {};
    changed(app, account);
  };
  const select = el("select", { class: "choice", "aria-label": text("account.choose"), on: { change: choose } }, options());
  return {
    element: select,
    show(app, account) {
      const index = known.findIndex((one) => one.account === account && (!app || one.app === app));
      // An account of the address that is not configured any more can be shown as well.
      if (account && index < 0) {
        known.push({ app, account });
        select.replaceChildren(...options());
      }
      select.value = account ? String(index < 0 ? known.length - 1 : index) : "";
    },
  };
}
