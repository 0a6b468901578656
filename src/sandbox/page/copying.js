// Copying of requests, unchanged or as a command for a shell.

import { notify } from "./dialog.js";
import { el, icon } from "./dom.js";
import { text } from "./texts.js";

/** The time for which a button shows that it has copied. */
const COPIED_MS = 2000;
/** The headers that curl adds itself. */
const OWN_HEADERS = new Set(["host", "content-length", "connection", "transfer-encoding", "accept", "accept-encoding"]);

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

/** The request of an attempt as a command for a POSIX shell. */
export function curl({ method, query, headers }, url, body) {
  const joint = url.includes("?") ? "&" : "?";
  const sent = headers.filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  // curl omits a header with an empty value, unless it ends with a semicolon.
  const options = sent.map(([name, value]) => `--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  return [
    `curl --include --globoff --request ${quoted(method)}`,
    ...options,
    `--data-raw ${quoted(body)}`,
    quoted(`${url}${joint}${query}`),
  ].join(" \\\n  ");
}

/** A text as one word for a shell: within single quotes only the quote itself has a meaning. */
const quoted = (words) => `'${words.replaceAll("'", String.raw`'\''`)}'`;
