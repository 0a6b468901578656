// The fields of a list's filters: text fields that wait until somebody has typed, and the choice of an app.

import { el } from "./dom.js";
import { hasApps, session } from "./session.js";
import { text } from "./texts.js";

/** The time without typing after which a filter holds. */
const TYPING_MS = 350;

/** A text field; `changed(value)` is called with null or the new value. Returns `{ element, show(value) }`. */
export function fieldOf(name, changed) {
  let timer = null;
  const done = () => {
    clearTimeout(timer);
    timer = null;
    // The address belongs to another view once this field is gone.
    if (input.isConnected) changed(input.value.trim() || null);
  };
  const type = () => {
    clearTimeout(timer);
    timer = setTimeout(done, TYPING_MS);
  };
  const label = text(name);
  const input = el("input", {
    type: "search",
    class: "search",
    autocomplete: "off",
    spellcheck: false,
    placeholder: label,
    "aria-label": label,
    on: { input: type, change: done },
  });
  return {
    element: input,
    show(value) {
      // What is being typed must not be replaced by what was typed before.
      if (timer === null && input.value.trim() !== value) input.value = value;
    },
  };
}

/** The choice of an app, or of all; `changed(app)` is called with null for all. Hidden where there is only one. */
export function appChoice(changed) {
  const known = [...new Set(session.accounts.map(({ app }) => app))];
  const option = (app) => el("option", { value: app }, app);
  const select = el(
    "select",
    { class: "choice", hidden: !hasApps(), "aria-label": text("app.choose"), on: { change: () => changed(select.value || null) } },
    el("option", { value: "" }, text("app.all")),
    known.map(option),
  );
  return {
    element: select,
    show(app) {
      // An app of the address that is not configured any more can be shown as well.
      if (app && !known.includes(app)) {
        known.push(app);
        select.append(option(app));
        select.hidden = false;
      }
      select.value = app;
    },
  };
}
