// The numbers of this moment.

import { el } from "./dom.js";
import { address } from "./router.js";
import { can, now } from "./session.js";
import { text } from "./texts.js";
import { decimal, number, span } from "./times.js";

/** The share of the bound from which a backlog is shown in amber. */
const HIGH_SHARE = 0.5;
const MIB = 1024 * 1024;

const rate = (value) => text("rate", { n: decimal(value) });

export class Tiles {
  constructor() {
    this.element = el("dl", { class: "tiles" });
    this.parts = new Map();
  }

  /** Shows the numbers; a tile is changed in place, so that nothing moves and a focused link stays. */
  show(stats) {
    for (const [name, tile] of Object.entries(tilesOf(stats))) this.#put(name, tile);
  }

  #put(name, { value, sub, tone = "", href = null }) {
    if (!this.parts.has(name)) {
      const parts = { value: el(href ? "a" : "span", { class: "tile-value" }), sub: el("dd", { class: "tile-sub" }) };
      this.element.append(
        el("div", { class: "tile", data: { tile: name } }, el("dt", {}, text(`tile.${name}`)), el("dd", {}, parts.value), parts.sub),
      );
      this.parts.set(name, parts);
    }
    const parts = this.parts.get(name);
    parts.value.textContent = value;
    parts.value.className = `tile-value ${tone && `${tone}-text`}`;
    if (href) parts.value.href = href;
    parts.sub.textContent = sub ?? "";
  }
}

function tilesOf(stats) {
  const { inbox, outbox, rates, max_pending: most } = stats;
  const dead = inbox.dead + outbox.dead;
  const share = most ? inbox.pending / most : 0;
  return {
    accepted: { value: rate(rates.accepted), sub: text("tile.handled", { rate: rate(rates.handled) }) },
    ack: {
      value:
        stats.ack_p99 === null ? "–" : text("span.ms", { n: stats.ack_p99 < 10 ? Math.round(stats.ack_p99 * 10) / 10 : Math.round(stats.ack_p99) }),
      sub: text("tile.ack.sub"),
    },
    inbox: {
      ...backlog(inbox, "inbox"),
      tone: share >= HIGH_SHARE ? "warn" : "",
      sub: [oldest(inbox), most && text("tile.share", { share: percent(share), most: number(most) })].filter(Boolean).join(" · "),
    },
    outbox: backlog(outbox, "outbox"),
    sent: { value: rate(rates.sent), sub: text("tile.failed", { rate: rate(rates.failed) }) },
    dead: {
      value: number(dead),
      tone: dead > 0 ? "bad" : "",
      sub: text("tile.dead.sub", { inbox: number(inbox.dead), outbox: number(outbox.dead) }),
      href: address("dead-letters"),
    },
    person: {
      value: number(stats.waiting_for_person),
      tone: stats.waiting_for_person > 0 ? "warn" : "",
      sub: text("tile.person.sub"),
      href: can("answer") ? address("desk") : null,
    },
    size: {
      value: stats.size === null ? text("tile.size.unknown") : bytes(stats.size),
      sub: text("tile.keep", { keep: span(stats.keep), dead: span(stats.keep_dead) }),
    },
  };
}

const backlog = (queue, name) => ({
  value: number(queue.pending),
  sub: oldest(queue),
  href: address("messages", { queue: name, state: "pending", order: "oldest" }),
});
const oldest = ({ oldest_pending: at }) => (at === null ? "" : text("tile.oldest", { span: span(now() - at) }));
const percent = (share) => (share > 0 && share < 0.01 ? "<1" : String(Math.round(share * 100)));

function bytes(size) {
  if (size < MIB) return `${number(Math.ceil(size / 1024))} KiB`;
  if (size < 1024 * MIB) return `${number(Math.round(size / MIB))} MiB`;
  return `${(size / MIB / 1024).toFixed(1)} GiB`;
}
