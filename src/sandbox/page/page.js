// The page: the chosen account and user, and the shown view.

import "./sandbox_texts.js";

import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Deliveries } from "./deliveries.js";
import { Desk } from "./desk.js";
import { ask, attempt, field } from "./dialog.js";
import { Dialogue } from "./dialogue.js";
import { el, picture } from "./dom.js";
import { emptyWords } from "./empty.js";
import { showMenu } from "./menu.js";
import { Passing } from "./passing.js";
import { Recording } from "./recording.js";
import { Sandbox } from "./sandbox.js";
import { Switches } from "./switches.js";
import { text } from "./texts.js";
import { showLive, startTopBar } from "./top_bar.js";

const byId = (id) => document.getElementById(id);
const root = document.documentElement;

startTopBar(redraw);
const sandbox = new Sandbox();
const chosen = { account: null, user: null };
const deliveries = new Deliveries(sandbox, chosen);
const chat = new Chat(sandbox, chosen, {
  showDelivery: (id) => showInDeliveries(() => deliveries.show(id)),
  showCall: (id) => showInDeliveries(() => deliveries.showCall(id)),
});
const composer = new Composer(sandbox, chosen, () => chat.toNewest());
const dialogue = new Dialogue(sandbox, chosen);
const desk = new Desk(sandbox, chosen, () => chat.toNewest());
const passing = new Passing(sandbox);
const switches = new Switches(sandbox);
const recording = new Recording(sandbox, chosen);

// The chosen account and user are in the address, so that they can be bookmarked, and differ from tab to tab.

function choose(account, user) {
  Object.assign(chosen, { account, user });
  const address = `#${[account, user].map((id) => encodeURIComponent(id ?? "")).join("/")}`;
  if (location.hash !== address) history.replaceState(null, "", address);
  showChosen();
  chat.reset();
  deliveries.reset();
  dialogue.show();
  desk.show();
}

function chooseFromAddress() {
  const [account, user] = location.hash.slice(1).split("/").map(decode);
  const known = (map, id) => (map.has(id) ? id : (map.keys().next().value ?? null));
  choose(known(sandbox.account, account), known(sandbox.user, user));
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function showChosen() {
  const account = sandbox.account.get(chosen.account);
  const user = sandbox.user.get(chosen.user);
  options(byId("account"), sandbox.account, chosen.account);
  options(byId("user"), sandbox.user, chosen.user);
  showPortrait(account);
  byId("text").placeholder = text("text.placeholder", { user: user?.name || chosen.user || "" });
  showFollow(account);
  showMenu(account?.menu);
  byId("route").textContent = route(account);
  for (const id of ["text", "send", "attach", "restart"]) byId(id).disabled = !account || !user;
}

/** Shows the way to the server's console. The console answers the server's own machine only. */
function showConsole() {
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
  byId("console").hidden = !sandbox.consoleUrl || !isHere;
  if (sandbox.consoleUrl) byId("console").href = sandbox.consoleUrl;
}

function showPortrait(account) {
  const portrait = byId("portrait");
  const initial = [...(account?.name || account?.id || "?")][0];
  const wanted = account?.portrait_url || initial;
  // The portrait is set only if it changes, so that it is not loaded again with every follower.
  if (portrait.dataset.shows === wanted) return;
  portrait.dataset.shows = wanted;
  portrait.replaceChildren(account?.portrait_url ? picture(wanted, { alt: "" }) : initial);
}

function showFollow(account) {
  const follow = byId("follow");
  const isFollowing = account?.followers.includes(chosen.user);
  follow.disabled = !account || !chosen.user || account.followed_by_all;
  follow.textContent = text(account?.followed_by_all ? "followed" : isFollowing ? "unfollow" : "follow");
  follow.className = isFollowing || follow.disabled ? "" : "primary";
  follow.dataset.kind = isFollowing ? "unsubscribe" : "subscribe";
}

function route(account) {
  if (!account) return "";
  if (!account.route_url) return text("route.none");
  return account.route_open ? text("route", { url: account.route_url }) : text("route.closed");
}

function options(select, known, value) {
  const wanted = [...known.values()].map(({ id, name }) => [id, called(id, name)]);
  // A list of choices that is open closes when it is changed, so it is changed only if it differs.
  const same = select.options.length === wanted.length && wanted.every(([id, label], i) => select.options[i].value === id && select.options[i].text === label);
  if (!same) select.replaceChildren(...wanted.map(([id, label]) => el("option", { value: id }, label)));
  select.value = value ?? "";
}

/** A name, with the id if it differs. */
const called = (id, name) => (name && name.toLowerCase() !== id.toLowerCase() ? `${name} (${id})` : name || id);

function addUser() {
  ask({
    title: text("user.add"),
    fields: [field(text("user.id"), { name: "id", required: true, maxLength: 64 }, text("user.id.hint")), field(text("user.name"), { name: "name", maxLength: 64 })],
    action: text("user.create"),
    submit: async (data) => {
      const user = await sandbox.addUser(data.get("id").trim(), data.get("name").trim());
      sandbox.user.set(user.id, user);
      choose(chosen.account, user.id);
    },
  });
}

// Views

function view(name) {
  root.dataset.view = name;
  for (const tab of document.querySelectorAll("[data-show]")) tab.setAttribute("aria-current", String(tab.dataset.show === name));
}

/** Switches to the deliveries, and calls `show`. */
function showInDeliveries(show) {
  if (root.dataset.view === "chat") view("deliveries");
  show();
}

/** Shows everything in the current language. */
function redraw() {
  document.title = text("document");
  byId("chat-empty").replaceChildren(...emptyWords("chat.empty", "chat"), suggestions());
  byId("deliveries-empty").replaceChildren(...emptyWords("deliveries.empty", "list"));
  showChosen();
  for (const part of [chat, deliveries, composer, dialogue, desk, switches, recording]) part.redraw();
}

/** A suggested first message, sent with one click. */
function suggestions() {
  const buttons = text("suggestions").split("|").map((said) => el("button", { type: "button", on: { click: () => say({ kind: "text", text: said }) } }, said));
  return el("span", { class: "suggestions" }, buttons);
}

function say(content) {
  chat.toNewest();
  return attempt(() => sandbox.send(chosen.account, chosen.user, content));
}

/** Unfollows, empties the view and follows, so that the account meets this user for the first time again. */
async function restart() {
  byId("more-actions").hidePopover();
  const { account, user } = chosen;
  const { followers, followed_by_all: followedByAll } = sandbox.account.get(account);
  const isFollowing = followers.includes(user) && !followedByAll;
  const unfollowed = isFollowing ? await say({ kind: "unsubscribe" }) : null;
  // Two events that are delivered at the same time may overtake each other.
  if (unfollowed) await sandbox.ended(unfollowed.delivery);
  if (chosen.account !== account || chosen.user !== user) return;
  chat.begin();
  if (!followedByAll) await say({ kind: "subscribe" });
}

function clear() {
  byId("more-actions").hidePopover();
  attempt(() => sandbox.clear());
}

byId("account").addEventListener("change", (event) => choose(event.target.value, chosen.user));
byId("user").addEventListener("change", (event) => choose(chosen.account, event.target.value));
byId("add-user").addEventListener("click", addUser);
byId("follow").addEventListener("click", (event) => say({ kind: event.currentTarget.dataset.kind }));
byId("restart").addEventListener("click", restart);
byId("clear").addEventListener("click", clear);
byId("more-actions").addEventListener("beforetoggle", () => {
  const { bottom, right } = byId("more").getBoundingClientRect();
  Object.assign(byId("more-actions").style, { top: `${bottom + 4}px`, right: `${innerWidth - right}px` });
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address holds the chosen account and user: the link must not change it.
  event.preventDefault();
  view("chat");
  byId("text").focus();
});
for (const tab of document.querySelectorAll("[data-show]")) tab.addEventListener("click", () => view(tab.dataset.show));
addEventListener("hashchange", chooseFromAddress);

sandbox.on("live", showLive);
sandbox.on("loaded", () => {
  chooseFromAddress();
  showConsole();
  passing.show();
  switches.show();
});
sandbox.on("changed", (kind) => {
  if (kind === "account" || kind === "user") {
    if (!chosen.account || !chosen.user) chooseFromAddress();
    else showChosen();
  }
});

view("chat");
redraw();
addEventListener("pagehide", () => sandbox.leave());
addEventListener("pageshow", ({ persisted }) => persisted && sandbox.connect());
sandbox.connect();
