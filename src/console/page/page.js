// The console's shell: log-in, navigation, and the shown view.

import "./shell_texts.js";
import "./entry_texts.js";

import { onSessionEnd } from "./api.js";
import { attempt } from "./dialog.js";
import { el, icon, safeAddress } from "./dom.js";
import { startChanges, stopChanges } from "./events.js";
import { showLogIn } from "./login.js";
import { address, follow, route } from "./router.js";
import { can, loadSession, logOut, session } from "./session.js";
import { text } from "./texts.js";
import { showLive, startTopBar } from "./top_bar.js";
import { VIEWS } from "./views.js";

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const main = byId("view");

/** The view that is shown, and what it has mounted; null while none is. */
let shown = null;
let mounted = null;
let isFollowing = false;
const badges = new Map();

/** The number beside a view in the navigation; the shell gives this to `view.start`. */
function setBadge(name, number) {
  badges.set(name, number);
  showBadge(name);
  showTitle();
}

function showBadge(name) {
  const badge = byId("views").querySelector(`[data-view="${CSS.escape(name)}"] .badge`);
  if (!badge) return;
  const number = badges.get(name) ?? 0;
  badge.hidden = number === 0;
  badge.textContent = number > 999 ? "999+" : String(number);
}

const isAllowed = (view) => !view.right || can(view.right);

function drawNavigation() {
  const links = VIEWS.filter(isAllowed).map((view) =>
    el(
      "a",
      { href: address(view.name), data: { view: view.name } },
      icon(view.icon),
      el("span", {}, text(`view.${view.name}`)),
      el("b", { class: "badge", hidden: true }),
    ),
  );
  byId("views").replaceChildren(...links);
  for (const name of badges.keys()) showBadge(name);
  markCurrent();
}

function markCurrent() {
  for (const link of byId("views").children) {
    const isCurrent = link.dataset.view === shown?.name;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (isCurrent) link.scrollIntoView({ block: "nearest", inline: "center" });
  }
}

function showTitle() {
  const waiting = badges.get("desk") ?? 0;
  const name = shown ? text(`view.${shown.name}`) : text("title");
  document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${name} · rongcloud-callback`;
}

/** Shows the view of a route; a view that is shown already is only given the new parameters. */
function show({ name, params }) {
  if (root.dataset.state !== "in") return;
  const view = VIEWS.filter(isAllowed).find((view) => view.name === name);
  if (!view) {
    showUnknown(name);
    return;
  }
  if (shown === view) {
    mounted.update(params);
    return;
  }
  unmount();
  shown = view;
  const section = el("section", { class: `view view-${view.name}`, "aria-label": text(`view.${view.name}`) });
  main.replaceChildren(section);
  mounted = view.mount(section, params);
  byId("announcer").replaceChildren(text(`view.${view.name}`));
  markCurrent();
  showTitle();
}

function showUnknown(name) {
  unmount();
  const exists = VIEWS.some((view) => view.name === name);
  const first = VIEWS.find(isAllowed);
  const words = first ? text(exists ? "view.forbidden" : "view.unknown") : text("view.none", { rights: session.may.join(", ") || "–" });
  const way = first && el("a", { href: address(first.name) }, text(`view.${first.name}`));
  main.replaceChildren(el("section", { class: "view" }, el("div", { class: "empty" }, icon("list"), el("strong", {}, words), way)));
  markCurrent();
  showTitle();
}

function unmount() {
  mounted?.stop();
  mounted = null;
  shown = null;
}

/** Shows the log-in; afterwards the page goes on where it was. */
function logInAgain(words = "") {
  if (root.dataset.state === "login") return;
  unmount();
  stopChanges();
  root.dataset.state = "login";
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  byId("views").replaceChildren();
  showWho();
  showLogIn(main, begin, words);
  showTitle();
}

/** Begins to work with a session. */
function begin() {
  root.dataset.state = "in";
  main.replaceChildren();
  drawNavigation();
  showWho();
  startChanges(showLive);
  for (const view of VIEWS.filter(isAllowed)) view.start?.({ setBadge: (number) => setBadge(view.name, number) });
  if (isFollowing) show(route());
  else follow(show);
  isFollowing = true;
}

async function start() {
  try {
    await loadSession();
    begin();
  } catch (error) {
    logInAgain(error.status === 401 ? "" : error instanceof TypeError ? text("failed", { why: text("unreachable") }) : error.message);
  }
}

function showWho() {
  const isIn = root.dataset.state === "in";
  byId("who").hidden = !isIn;
  byId("who").textContent = session.who;
  byId("who").title = text("who.may", { rights: session.may.join(", ") });
  byId("log-out").hidden = !isIn || session.expiresAt === null;
  const sandbox = isIn && safeAddress(session.sandbox);
  byId("sandbox").hidden = !sandbox;
  if (sandbox) byId("sandbox").href = sandbox;
}

/** Shows everything in the other language. */
function redraw() {
  showTitle();
  if (root.dataset.state === "login") showLogIn(main, begin, "");
  if (root.dataset.state !== "in") return;
  showWho();
  drawNavigation();
  // A view is mounted again with its words in the other language.
  unmount();
  show(route());
}

byId("log-out").addEventListener("click", () =>
  attempt(async () => {
    await logOut();
    logInAgain();
  }),
);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address holds the route: the link must not change it.
  event.preventDefault();
  main.focus();
});
onSessionEnd(() => logInAgain(text("error.session")));

startTopBar(redraw);
showTitle();
start();
