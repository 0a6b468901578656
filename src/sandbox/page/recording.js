// Recording of a conversation to a file with one click, and playing of such a file.

import { attempt, notify, showText } from "./dialog.js";
import { el } from "./dom.js";
import { currentLanguage, text } from "./texts.js";

const byId = (id) => document.getElementById(id);

export class Recording {
  /** `chosen` holds account and user. */
  constructor(sandbox, chosen) {
    Object.assign(this, { sandbox, chosen, begun: null });
    byId("record").addEventListener("click", () => (this.begun ? this.#stop() : this.#start()));
    byId("play").addEventListener("click", () => byId("play-file").click());
    byId("play-file").addEventListener("change", async () => {
      const [file] = byId("play-file").files;
      byId("play-file").value = "";
      if (file) this.#play(await file.text());
    });
  }

  /** Shows the state in the language that was chosen. */
  redraw() {
    const words = text(this.begun ? "record.stop" : "record");
    byId("record").setAttribute("aria-pressed", String(this.begun !== null));
    byId("record").setAttribute("aria-label", words);
    const [long, short] = byId("record").querySelectorAll("span");
    long.textContent = words;
    short.textContent = text(this.begun ? "record.stop.short" : "record");
  }

  #start() {
    const last = Math.max(0, ...this.sandbox.message.keys());
    this.begun = { ...this.chosen, after: last };
    this.redraw();
  }

  async #stop() {
    const { account, user, after } = this.begun;
    const conversation = await attempt(() => this.sandbox.recording(account, user, after));
    if (conversation === null) return;
    this.begun = null;
    this.redraw();
    const file = save(conversation, `${account}-${user}`);
    const play = el("button", { type: "button", class: "small", on: { click: () => this.#play(conversation) } }, text("record.play"));
    notify(text("record.saved", { file }), { tone: "good", actions: [play] });
  }

  async #play(conversation) {
    const running = notify(text("play.running"), { tone: "good" });
    const played = await attempt(() => this.sandbox.play(conversation, currentLanguage()));
    running.remove();
    if (played) showText(text(played.passed ? "play.passed" : "play.failed"), el("pre", { tabIndex: 0, class: played.passed ? "passed" : "differs" }, played.report));
  }
}

/** Offers a text as a file for download. Returns the name of the file. */
function save(content, name) {
  const file = `${name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 60)}.toml`;
  const href = URL.createObjectURL(new Blob([content], { type: "application/toml" }));
  el("a", { href, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  return file;
}
