// What the user says: text, and the other kinds through a small form each.

import { attempt, ask, field } from "./dialog.js";
import { el, icon } from "./dom.js";
import { text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const sample = (name) => new URL(`sandbox/samples/${name}`, location).href;

/** Each kind: its icon, the fields of its form, and its content from what was entered. */
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

const fileFields = (kind, name, accept) => [
  field(text("field.url"), { name: "url", value: sample(name) }),
  field(text("field.file"), { type: "file", name: "file", accept }, text(`field.file.${kind}`)),
];

const coordinate = (name, value, most) =>
  field(text(`field.${name}`), { type: "number", name, value, min: -most, max: most, step: "any", required: true });

export class Composer {
  /** `chosen` holds account and user. */
  constructor(sandbox, chosen) {
    Object.assign(this, { sandbox, chosen });
    this.field = byId("text");
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendText();
    });
    this.field.addEventListener("keydown", (event) => {
      // Enter that ends the choice of a Chinese word must not send.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#sendText();
    });
    byId("attach").addEventListener("click", () => this.#toggle());
    byId("attachments").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#toggle();
      byId("attach").focus();
    });
    this.redraw();
  }

  /** Another language. */
  redraw() {
    const buttons = Object.entries(KINDS).map(([kind, { icon: name }]) =>
      el("button", { type: "button", data: { kind }, on: { click: () => this.#ask(kind) } }, icon(name), text(`kind.${kind}`)),
    );
    byId("attachments").replaceChildren(...buttons);
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
    const sent = await attempt(() => this.#send({ kind: "text", text: said }));
    // What could not be sent is not lost, unless something else was begun meanwhile.
    if (!sent && !this.field.value) this.field.value = said;
  }

  #ask(kind) {
    const { fields, content } = KINDS[kind];
    ask({
      title: text(`send.${kind}`),
      fields: fields(),
      action: text("send"),
      submit: async (data) => {
        const file = data.get("file");
        const uploaded = file?.size > 0 ? await this.sandbox.upload(file) : null;
        if (uploaded) data.set("url", uploaded.url);
        await this.#send({ kind, ...content(data, uploaded) });
        this.#toggle();
      },
    });
  }

  #send(content) {
    return this.sandbox.send(this.chosen.account, this.chosen.user, content);
  }
}
