// Copying of texts to the clipboard.

import { notify } from "./dialog.js";
import { el, icon } from "./dom.js";
import { text } from "./texts.js";

/** The time for which a button shows that it has copied. */
const COPIED_MS = 2000;

/** A button that copies the result of `words()`; `control` names the button among the controls of its pane. */
export function copyButton(label, control, words) {
  const said = el("span", {}, label);
  const button = el("button", { type: "button", class: "plain small copy", data: { control } }, icon("copy"), said);
  button.addEventListener("click", async () => {
    if (!(await copy(words()))) {
      notify(text("copy.failed"), { tone: "bad" });
      return;
    }
    said.textContent = text("copied");
    document.getElementById("announcer").replaceChildren(text("copied"));
    setTimeout(() => (said.textContent = label), COPIED_MS);
  });
  return button;
}

async function copy(words) {
  // Browsers offer the clipboard only to pages of this machine and of HTTPS.
  if (!navigator.clipboard) return copyByHand(words);
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copyByHand(words);
  }
}

function copyByHand(words) {
  const before = document.activeElement;
  const field = el("textarea", { class: "unseen", value: words });
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  return copied;
}
