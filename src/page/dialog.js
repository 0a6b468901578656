// Dialogs, notices and error messages.

import { el, icon } from "./dom.js";
import { text } from "./texts.js";

/**
 * Asks for values: shows `fields` and calls `submit` with a `FormData`; after a failure the dialog stays. The tone `danger`
 * marks an action that cannot be undone. Returns its form.
 */
export function ask({ title, fields, action, submit, tone = "" }) {
  const trouble = el("p", { class: "why", role: "alert", hidden: true });
  const cancel = el("button", { type: "button", class: "plain", on: { click: () => dialog.close() } }, text("cancel"));
  const send = el("button", { type: "submit", class: `primary ${tone}` }, action);
  const form = el("form", {}, el("h2", { id: "dialog-title" }, title), fields, trouble, el("div", { class: "buttons" }, cancel, send));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await submit(new FormData(form));
      dialog.close();
    } catch (error) {
      trouble.textContent = reasonWords(error);
      trouble.hidden = false;
    }
    send.disabled = false;
  });
  const dialog = openDialog(form);
  return form;
}

/** Shows a text to read. */
export function showText(title, ...content) {
  const close = el("button", { type: "button", class: "primary", on: { click: () => dialog.close() } }, text("close"));
  const dialog = openDialog(el("div", { class: "told" }, el("h2", { id: "dialog-title" }, title), ...content, el("div", { class: "buttons" }, close)));
}

function openDialog(content) {
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", on: { close: () => dialog.remove() } }, content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A labelled field; `properties` are those of the input. */
export function field(label, properties, hint) {
  return el("label", {}, label, el("input", { type: "text", autocomplete: "off", spellcheck: false, ...properties }), hint && el("span", { class: "hint" }, hint));
}

/** The time for which a notice stays. */
const NOTICE_MS = 12_000;

/** Shows a notice in the corner, with `actions` beside it. */
export function notify(words, { tone = "", actions = [] } = {}) {
  const close = el("button", { type: "button", class: "plain square small", "aria-label": text("close"), on: { click: () => notice.remove() } }, icon("close"));
  const notice = el("div", { class: `notice ${tone}` }, el("p", {}, words), actions, close);
  document.getElementById("notices").append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
  return notice;
}

/** Runs an action, and shows the reason if it fails. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    notify(text("failed", { why: reasonWords(error) }), { tone: "bad" });
    return null;
  }
}

/** The reason of a failed request: `fetch` throws a TypeError with a text of the browser if the server does not answer. */
export const reasonWords = (error) => (error instanceof TypeError ? text("unreachable") : error.message);
