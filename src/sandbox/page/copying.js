// Copies what was sent, as it is or as a command for a shell.

import { notify } from "./dialog.js";
import { el, icon } from "./dom.js";
import { text } from "./texts.js";

/** How long a button says that it has copied. */
const COPIED_MS = 2000;
/** What curl writes itself, and knows better. */
const OWN_HEADERS = new Set(["host", "content-length", "connection", "transfer-encoding", "accept", "accept-encoding"]);

/** A button that copies what `words()` gives when it is pressed; `control` names it among the controls of its pane. */
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
  // Browsers have a clipboard only for pages of this machine and of HTTPS.
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

/** The request of an attempt as a command for a POSIX shell. */
export function curl({ method, query, headers }, url, body) {
  const joint = url.includes("?") ? "&" : "?";
  const sent = headers.filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  // curl leaves a header out whose value is empty, unless it ends with a semicolon.
  const options = sent.map(([name, value]) => `--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  return [
    `curl --include --globoff --request ${quoted(method)}`,
    ...options,
    `--data-raw ${quoted(body)}`,
    quoted(`${url}${joint}${query}`),
  ].join(" \\\n  ");
}

/** A word for a shell: nothing within single quotes means anything but the quote itself. */
const quoted = (words) => `'${words.replaceAll("'", String.raw`'\''`)}'`;
