// One group of dead letters: reason, number, age, what the newest have in common, and what can be done with all.

import { el, icon } from "./dom.js";
import { groupReason, kindWord, saidOf, whoOf } from "./entries.js";
import { openJob } from "./job_dialog.js";
import { address } from "./router.js";
import { text } from "./texts.js";
import { ago, moment, number } from "./times.js";

/** The element of a group; with `operates` it has the buttons that revive and discard. */
export function groupOf(group, operates) {
  const { group: id, queue, reason, count, oldest_at: oldestAt, newest } = group;
  const filter = { state: "dead", queue, group: id };
  const button = (action) =>
    el(
      "button",
      {
        type: "button",
        class: `small ${action === "discard" ? "danger" : ""}`,
        data: { control: `${action}-${queue}-${id}` },
        on: { click: () => openJob(action, filter, groupReason(reason)) },
      },
      icon(action === "revive" ? "again" : "clear"),
      text(`dead.${action}`),
    );
  return el(
    "article",
    { class: "dead-group" },
    el("p", { class: "dead-count" }, number(count)),
    el(
      "div",
      { class: "dead-words" },
      el("h3", {}, groupReason(reason)),
      el(
        "p",
        { class: "dead-facts count" },
        el("span", { class: "chip" }, text(`queue.${queue}`, {}, queue)),
        el("span", { title: moment(oldestAt) }, text("dead.oldest", { ago: ago(oldestAt) })),
        newest && el("span", { title: moment(newest.accepted_at) }, text("dead.newest", { ago: ago(newest.accepted_at) })),
      ),
      commonLine(group),
      newest && exampleLine(newest, filter),
    ),
    el(
      "div",
      { class: "actions" },
      el("a", { class: "button", href: address("messages", filter), data: { control: `show-${queue}-${id}` } }, icon("list"), text("dead.show")),
      operates && button("revive"),
      operates && button("discard"),
    ),
  );
}

/** The facts that the newest of a group share. */
function commonLine({ common }) {
  if (!common) return null;
  const facts = [
    common.account && text("filter.in.account", { account: common.account }),
    common.user && text("filter.in.user", { user: common.user }),
    common.kind && kindWord(common.kind),
  ].filter(Boolean);
  if (facts.length === 0) return el("p", { class: "count" }, text("dead.common.nothing", { n: common.of }));
  const lead = common.of === 1 ? text("dead.common.one") : text("dead.common", { n: common.of });
  return el("p", { class: "dead-common" }, el("span", { class: "count" }, lead), ...facts.map((fact) => el("bdi", { class: "chip info" }, fact)));
}

function exampleLine(newest, filter) {
  return el(
    "p",
    { class: "dead-example" },
    el("a", { href: address("messages", { ...filter, entry: newest.id }) }, text("dead.example", { id: newest.id })),
    el("span", { class: "count" }, whoOf(newest)),
    el("bdi", {}, saidOf(newest)),
  );
}
