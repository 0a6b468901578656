// The composer: text, and a small form for each other kind of message.

import { attempt, ask, field } from "./dialog.js";
import { el, icon } from "./dom.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const sample = (name) => new URL(`sandbox/samples/${name}`, location).href;

/** The kinds of messages: icon, fields of the form, and the content that is made of the entered values. */
const KINDS = {
  image: { icon: "image", fields: () => fileFields("image", "picture.jpg", "image/jpeg,image/png"), content: (data) => ({ url: data.get("url") }) },
  voice: { icon: "voice", fields: () => fileFields("voice", "voice.amr", ".amr"), content: (data, uploaded) => ({ url: data.get("url"), seconds: uploaded?.seconds ?? null }) },
  location: {
    icon: "place",
    fields: () => [
      field(text("field.label"), { name: "label", value: text("sample.label") }),
      el("div", { class: "pair" }, coordinate("latitude", 31.2397, 90), coordinate("longitude", 121.4903, 180)),
    ],
    content: (data) => ({ latitude: Number(data.get("latitude")), longitude: Number(data.get("longitude")), label: data.get("label") }),
  },
  imgtxt: {
    icon: "news",
    fields: () => [
      field(text("field.title"), { name: "title", value: text("sample.title"), required: true }),
      field(text("field.description"), { name: "description", value: text("sample.description") }),
      field(text("field.picture"), { name: "picture_url", value: sample("picture.jpg") }),
      field(text("field.link"), { name: "url", value: "https://example.com/" }),
    ],
    content: (data) => Object.fromEntries(data),
  },
};

/** The platform's limits of a file, checked before anything is sent. */
const FILES = { image: { types: /^image\/(jpeg|png)$/, most: 2 << 20 }, voice: { types: /^(audio\/amr|)$/, most: 60 << 10 } };

const fileFields = (kind, name, accept) => [
  field(text("field.file"), { type: "file", name: "file", accept }, text(`field.file.${kind}`)),
  el("img", { class: "preview", alt: "", hidden: true }),
  field(text("field.url"), { name: "url", value: sample(name) }),
];

const coordinate = (name, value, most) =>
  field(text(`field.${name}`), { type: "number", name, value, min: -most, max: most, step: "any", required: true });

export class Composer {
  /** `chosen` holds account and user; `sending()` is called before a message is sent. */
  constructor(sandbox, chosen, sending) {
    Object.assign(this, { sandbox, chosen, sending, recalled: null, latest: null });
    this.field = byId("text");
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendText();
    });
    this.field.addEventListener("keydown", (event) => this.#onKey(event));
    this.field.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length === 0) return;
      event.preventDefault();
      this.#offer(event.clipboardData.files);
    });
    byId("attach").addEventListener("click", () => this.#toggle());
    byId("attachments").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#toggle();
      byId("attach").focus();
    });
    this.#takeDrops();
    this.redraw();
  }

  /** Shows all texts in the language that was chosen. */
  redraw() {
    const buttons = Object.entries(KINDS).map(([kind, { icon: name }]) =>
      el("button", { type: "button", data: { kind }, on: { click: () => this.#ask(kind) } }, icon(name), text(`kind.${kind}`)),
    );
    byId("attachments").replaceChildren(...buttons);
    this.field.title = text("recall");
  }

  #onKey(event) {
    // The Enter key that ends the choice of a Chinese word must not send.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#sendText();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      this.#recall(event);
    }
  }

  /** Recalls earlier texts of this user with the Up and Down keys; a text that was begun is kept. */
  #recall(event) {
    const { value, selectionStart, selectionEnd } = this.field;
    const said = this.#said();
    const place = value === "" ? said.length : this.recalled;
    if (place === null || (value !== "" && said[place] !== value)) return;
    // Within a text of several lines the keys first move the cursor.
    const beyond = event.key === "ArrowUp" ? value.slice(0, selectionStart) : value.slice(selectionEnd);
    const next = place + (event.key === "ArrowUp" ? -1 : 1);
    if (beyond.includes("\n") || next < 0 || next > said.length) return;
    event.preventDefault();
    this.recalled = next;
    this.field.value = said[next] ?? "";
  }

  /** The texts of this user in this conversation, oldest first, without direct repetitions. */
  #said() {
    const { account, user } = this.chosen;
    const arrived = this.sandbox.conversation(account, user).filter(({ from, content }) => from === "user" && content.kind === "text");
    const texts = arrived.map(({ content }) => content.text);
    // A fast user may have sent texts that the sandbox has not published yet.
    const { latest } = this;
    if (latest?.account === account && latest.user === user && !this.sandbox.message.has(latest.message)) texts.push(latest.said);
    return texts.filter((said, index) => said !== texts[index - 1]);
  }

  /** Offers to send a picture or recording that is dropped on the chat; a file that is dropped elsewhere is ignored. */
  #takeDrops() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const isHere = (event) => !this.field.disabled && byId("chat").contains(event.target);
    addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      // Without this a browser would show the file in place of the page.
      event.preventDefault();
      event.dataTransfer.dropEffect = isHere(event) ? "copy" : "none";
      byId("drop").hidden = !isHere(event);
    });
    addEventListener("dragleave", (event) => (byId("drop").hidden ||= event.relatedTarget === null));
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      byId("drop").hidden = true;
      if (isHere(event)) this.#offer(event.dataTransfer.files);
    });
  }

  /** Opens the form of the file's kind with the file in it. */
  #offer(files) {
    this.#ask(FILES.image.types.test(files[0].type) || !/\.amr$/i.test(files[0].name) ? "image" : "voice", files);
  }

  #toggle() {
    const panel = byId("attachments");
    panel.hidden = !panel.hidden;
    byId("attach").setAttribute("aria-expanded", String(!panel.hidden));
  }

  async #sendText() {
    const said = this.field.value;
    if (!said.trim()) return;
    this.field.value = "";
    this.recalled = null;
    const latest = { ...this.chosen, said, message: null };
    this.latest = latest;
    const sent = await attempt(() => this.#send({ kind: "text", text: said }));
    latest.message = sent?.message ?? null;
    // A text that could not be sent is put back, unless another one was begun meanwhile.
    if (!sent && !this.field.value) this.field.value = said;
  }

  #ask(kind, files = null) {
    const { fields, content } = KINDS[kind];
    const form = ask({
      title: text(`send.${kind}`),
      fields: fields(),
      action: text("send"),
      submit: async (data) => {
        const file = data.get("file");
        const uploaded = file?.size > 0 ? await this.#upload(kind, file) : null;
        if (uploaded) data.set("url", uploaded.url);
        await this.#send({ kind, ...content(data, uploaded) });
        if (!byId("attachments").hidden) this.#toggle();
      },
    });
    const input = form.querySelector("input[type=file]");
    input?.addEventListener("change", () => preview(input.files[0], form.querySelector(".preview")));
    if (!files) return;
    input.files = files;
    input.dispatchEvent(new Event("change"));
    form.querySelector("[type=submit]").focus();
  }

  #upload(kind, file) {
    const { types, most } = FILES[kind];
    if (!types.test(file.type)) throw new Error(text(`file.kind.${kind}`));
    if (file.size > most) throw new Error(text("file.large", { size: fileSize(file.size), most: fileSize(most) }));
    return this.sandbox.upload(file);
  }

  #send(content) {
    this.sending();
    return this.sandbox.send(this.chosen.account, this.chosen.user, content);
  }
}

const fileSize = (bytes) => (bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`);

/** Shows a chosen picture, as a data address, since the page may load pictures only from the web and data addresses. */
function preview(file, image) {
  image.hidden = !file || !FILES.image.types.test(file.type);
  if (image.hidden) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => (image.src = reader.result));
  reader.readAsDataURL(file);
}
