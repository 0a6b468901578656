// The dead letters by reason, in short.

import { get } from "./api.js";
import { el } from "./dom.js";
import { groupReason } from "./entries.js";
import { refill } from "./keyed.js";
import { address } from "./router.js";
import { text } from "./texts.js";
import { ago, number } from "./times.js";

const MOST = 8;

export class ReasonList {
  constructor() {
    this.list = el("ol", { class: "reasons" });
    this.element = el(
      "div",
      { class: "box" },
      el("header", { class: "part-head" }, el("h2", {}, text("reasons")), el("a", { href: address("dead-letters") }, text("reasons.all"))),
      this.list,
    );
  }

  async load(signal) {
    const { groups, total } = await get("dead-letters", { limit: MOST }, { signal });
    const rows = groups
      .slice(0, MOST)
      .map(({ group, queue, reason, count, newest }) =>
        el(
          "li",
          {},
          el("b", { class: "bad-text" }, number(count)),
          el(
            "a",
            { href: address("messages", { state: "dead", queue, group }), title: reason, data: { control: `reason-${queue}-${group}` } },
            groupReason(reason),
          ),
          el("span", { class: "count" }, newest ? ago(newest.accepted_at) : ""),
        ),
      );
    refill(this.list, total === 0 ? [el("li", { class: "count" }, text("dead.none"))] : rows);
  }
}
