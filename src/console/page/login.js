// The log-in with a token.

import { el, icon } from "./dom.js";
import { logIn } from "./session.js";
import { text } from "./texts.js";

/** Shows the form in `root`; calls `entered()` after a success. `words` say why it is shown again. */
export function showLogIn(root, entered, words) {
  const trouble = el("p", { class: "why", role: "alert", hidden: words === "" }, words);
  // Browsers keep a password with the name of a user, and complain about a form without one.
  const user = el("input", { type: "text", autocomplete: "username", value: "rongcloud-callback", hidden: true, tabIndex: -1 });
  const token = el("input", { id: "token", type: "password", name: "token", autocomplete: "current-password", required: true, spellcheck: false });
  const button = el("button", { type: "submit", class: "primary" }, text("log_in"));
  const form = el(
    "form",
    { class: "log-in" },
    el("h2", {}, icon("person"), text("log_in.title")),
    el("p", { class: "hint" }, text("log_in.hint")),
    user,
    el("label", {}, el("span", {}, text("log_in.token")), token),
    trouble,
    button,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await logIn(token.value.trim());
      entered();
    } catch (error) {
      trouble.textContent = reason(error);
      trouble.hidden = false;
      button.disabled = false;
      token.select();
    }
  });
  root.replaceChildren(el("section", { class: "view log-in-view", "aria-label": text("log_in.title") }, form));
  token.focus();
}

function reason(error) {
  if (error instanceof TypeError) return text("failed", { why: text("unreachable") });
  if (error.status === 401) return text("log_in.wrong");
  if (error.status === 429) return text("log_in.throttled");
  return error.message;
}
