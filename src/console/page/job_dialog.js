// Reviving or discarding many entries: they are counted, the number is typed as a confirmation, and a job is started.

import { ApiError, newKey, post } from "./api.js";
import { ask, attempt, field, notify } from "./dialog.js";
import { el } from "./dom.js";
import { filterWords } from "./filters.js";
import { address } from "./router.js";
import { text } from "./texts.js";
import { number, span } from "./times.js";

const MOST_RATE = 1000;
const RATE = 50;

/** Counts the entries of a filter, and asks whether all of them are to be revived or discarded; `reason` is that of a group. */
export async function openJob(action, query, reason = null) {
  const filter = jobFilter(action, query);
  const counted = await attempt(() => post("jobs/count", { action, filter }));
  if (!counted) return;
  if (counted.count === 0) notify(text("job.none"));
  else showForm(action, filter, counted, reason);
}

/** The filter of a job in the API's form: texts, as in the address. */
function jobFilter(action, query) {
  const filter = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return action === "revive" ? { ...filter, state: "dead" } : filter;
}

function showForm(action, filter, counted, reason) {
  const words = [...filterWords(filter), reason].filter(Boolean);
  let current = counted;
  let key = newKey();
  const title = el("span", {});
  const confirm = field("", { name: "count", inputMode: "numeric", required: true, maxLength: 20 });
  const hint = el("span", { class: "hint" });
  const rate = field(
    text("job.rate"),
    { name: "rate", type: "number", min: 1, max: MOST_RATE, value: String(RATE), required: true },
    text("job.rate.hint", { most: MOST_RATE }),
  );
  const asked = el("span", {});
  confirm.prepend(asked);
  const showCount = () => {
    title.textContent = text(`job.${action}.title`, { n: number(current.count) });
    asked.textContent = text("job.confirm", { n: current.count });
  };
  const showTime = () => {
    const wanted = Number(rate.querySelector("input").value);
    hint.textContent = wanted >= 1 ? text("job.takes", { span: span((current.count / wanted) * 1000) }) : "";
  };
  rate.append(hint);
  rate.addEventListener("input", showTime);
  showCount();
  showTime();
  ask({
    title,
    fields: [
      el(
        "ul",
        { class: "job-filter" },
        words.map((condition) => el("li", {}, condition)),
      ),
      el("p", { class: "hint" }, text(`job.${action}.hint`)),
      confirm,
      rate,
    ],
    action: text(`job.${action}.go`),
    tone: action === "discard" ? "danger" : "",
    submit: async (data) => {
      if (data.get("count").replaceAll(/\D/g, "") !== String(current.count)) throw new Error(text("job.confirm.wrong", { n: current.count }));
      try {
        await post("jobs", { action, filter, total: current.count, until: current.until, rate: Number(data.get("rate")) }, { key });
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) throw error;
        // The number may have changed: it is shown anew, and the form is another one.
        current = await post("jobs/count", { action, filter });
        key = newKey();
        showCount();
        showTime();
        throw error;
      }
      notify(text("job.started"), { tone: "good", actions: [el("a", { class: "button", href: address("dead-letters") }, text("job.show"))] });
    },
  });
}
