// The view of dead letters by reason, with what they have in common, and the jobs that revive or discard them.

import "./dead_texts.js";

import { get } from "./api.js";
import { groupOf } from "./dead_group.js";
import { el } from "./dom.js";
import { emptyNote } from "./empty.js";
import { Failures } from "./failures.js";
import { endedJobs, runningJob } from "./jobs.js";
import { refill } from "./keyed.js";
import { SELDOM_MS, refreshing } from "./refresh.js";
import { can } from "./session.js";
import { text } from "./texts.js";
import { number, span } from "./times.js";

const GROUPS = 100;
const REFRESH_MS = 60_000;

class DeadLetters {
  constructor(root) {
    this.count = el("p", { class: "count", role: "status" });
    const failures = new Failures();
    this.running = el("div", { class: "jobs" });
    this.groups = el("ol", { class: "dead-groups", "aria-label": text("view.dead-letters") });
    this.after = el("div", {});
    this.ended = el("div", { class: "ended-jobs", tabIndex: 0, role: "group", "aria-label": text("job.ended"), hidden: true });
    root.append(
      el("header", { class: "view-head" }, el("h2", {}, text("view.dead-letters")), this.count),
      failures.element,
      el(
        "div",
        { class: "view-body", tabIndex: 0, role: "group", "aria-label": text("view.dead-letters") },
        this.running,
        this.groups,
        this.after,
        this.ended,
      ),
    );
    this.loops = [
      refreshing((signal) => this.#loadGroups(signal), {
        kinds: ["dead-letters"],
        every: REFRESH_MS,
        throttle: SELDOM_MS,
        failed: failures.of("groups"),
      }),
      refreshing((signal) => this.#loadJobs(signal), { kinds: ["jobs"], every: REFRESH_MS, failed: failures.of("jobs") }),
    ];
  }

  update() {}

  stop() {
    for (const loop of this.loops) loop.stop();
  }

  async #loadGroups(signal) {
    const { groups, total, goes_in: goesIn } = await get("dead-letters", { limit: GROUPS }, { signal });
    const words =
      total > 0
        ? [
            text(groups.length === 1 ? "dead.total.one" : "dead.total", { n: number(total), groups: number(groups.length) }),
            goesIn !== null && text("dead.goes_in", { span: span(goesIn) }),
          ]
        : [];
    this.count.textContent = words.filter(Boolean).join(" · ");
    refill(
      this.groups,
      groups.map((group) => el("li", {}, groupOf(group, can("operate")))),
    );
    this.groups.hidden = groups.length === 0;
    const others = total - groups.reduce((sum, group) => sum + group.count, 0);
    this.after.replaceChildren(
      ...(total === 0 ? [emptyNote("dead.none", "list")] : others > 0 ? [el("p", { class: "list-foot count" }, text("dead.more", { n: number(others) }))] : []),
    );
  }

  async #loadJobs(signal) {
    const { jobs } = await get("jobs", {}, { signal });
    const running = jobs.filter(({ state }) => state === "running");
    const ended = jobs.filter(({ state }) => state !== "running");
    // The groups are others after a job.
    if (this.hasJob && running.length === 0) this.loops[0].now();
    this.hasJob = running.length > 0;
    refill(
      this.running,
      running.map((job) => runningJob(job, () => this.loops[1].now())),
    );
    this.running.hidden = running.length === 0;
    this.ended.hidden = ended.length === 0;
    this.ended.replaceChildren(...(ended.length > 0 ? [endedJobs(ended)] : []));
  }
}

export const view = {
  name: "dead-letters",
  right: "read",
  icon: "alert",
  mount: (root) => new DeadLetters(root),
};
