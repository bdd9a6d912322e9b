// The page: who I am, the chats, the open one. The state is asked for again and again; only what changed is drawn.
import { $, avatar, control, el, icon, time, toast, tried } from "/static/dom.js";
import { composer, drawComposer, replying } from "/static/composer.js";
import { ask, newBot, newChannel, newManaged, newUser } from "/static/forms.js";
import { drawn } from "/static/message.js";
import { drawSide } from "/static/side.js";

export const app = { state: null, messages: [], me: Number(localStorage.getItem("me")) || 0, open: null, payload: null };
let shownList = "", shownMessages = "", shownComposer = "";

export const chatOf = (id) => app.state.chats.find((chat) => chat.id === id);
export const botOf = (id) => app.state.bots.find((bot) => bot.id === id);
export const isMember = (chat) => chat.members.find((member) => member.user.id === app.me);
export const manages = (chat, right) => {
  const member = isMember(chat);
  return Boolean(member && (member.status === "creator" || member[right]));
};

// open: {kind: "chat", id} | {kind: "thread", id: group, root, post: channel} | {kind: "bot", id}
export function go(open) {
  app.open = open;
  app.messages = [];
  shownMessages = shownComposer = "";
  replying(null);
  $("app").dataset.pane = open ? "chat" : "list";
  $("app").dataset.thread = String(open?.kind === "thread");
  history.replaceState(null, "", open ? `/#${[open.kind, open.id, open.root, open.channel].filter(Boolean).join("/")}` : "/");
  return refresh(true);
}

function fromAddress() {
  const [kind, id, root, channel] = location.hash.slice(1).split("/");
  if (["chat", "thread", "bot"].includes(kind)) return { kind, id: Number(id), root: Number(root) || undefined, channel: Number(channel) || undefined };
  return null;
}

async function followLink() {
  const parts = location.pathname.slice(1).split("/").filter(Boolean), query = new URLSearchParams(location.search);
  if (parts[0] === "newbot") return newManaged(parts[1], parts[2], query.get("name"));
  const name = (parts[0] || "").toLowerCase();
  if (!name) return go(fromAddress());
  const bot = app.state.bots.find((one) => one.username.toLowerCase() === name);
  const chat = app.state.chats.find((one) => (one.username || "").toLowerCase() === name);
  if (chat) return go({ kind: "chat", id: chat.id });
  if (!bot) { toast(`There is nobody called @${parts[0]} here.`); return go(null); }
  app.payload = query.get("start");
  await go({ kind: "bot", id: bot.id });
  for (const [key, type] of [["startgroup", "supergroup"], ["startchannel", "channel"]]) {
    if (query.has(key)) ask.addBot(bot, type, { payload: query.get(key), admin: (query.get("admin") || "").split(/[+ ]/).filter(Boolean) });
  }
  return undefined;
}

function drawMe() {
  const select = $("who");
  const options = app.state.users.map((user) => el("option", { value: user.id }, user.first_name + (user.username ? ` (@${user.username})` : "")));
  select.replaceChildren(...(options.length ? options : [el("option", { value: "0" }, "nobody yet")]));
  if (!app.state.users.some((user) => user.id === app.me)) app.me = app.state.users[0]?.id || 0;
  select.value = String(app.me);
}

function row(name, id, small, last, open) {
  const current = app.open && app.open.kind === open.kind && app.open.id === open.id;
  return el("button", { class: "chat", "data-testid": `chat-item-${id}`, "aria-current": String(Boolean(current)), onclick: () => { app.payload = null; go(open); } },
    avatar(name, id), el("span", { class: "about" }, el("b", {}, name), el("small", {}, last?.text || small)), last ? time(last.date) : null);
}

function section(title, rows) {
  return rows.length ? [el("h2", {}, title), ...rows] : [];
}

function drawList() {
  const { chats, bots, users, private: talks } = app.state;
  const rows = (type, words) => chats.filter((chat) => chat.type === type).map((chat) => row(chat.title, chat.id, words, chat.last, { kind: "chat", id: chat.id }));
  const talk = (bot) => talks.find((one) => one.bot_id === bot.id && one.user_id === app.me);
  const all = [...section("Channels", rows("channel", "No posts yet")), ...section("Groups", rows("supergroup", "No messages yet")),
    ...section("Bots", bots.map((bot) => row(bot.first_name, bot.id, `@${bot.username}`, talk(bot)?.last, { kind: "bot", id: bot.id })))];
  const empty = users.length ? "No chats yet. Make a channel below." : "Nobody is here yet. Make a user first: press + above.";
  $("chats").replaceChildren(...(all.length ? all : [el("p", { class: "empty" }, empty)]));
}

const youAre = () => { const me = app.state.users.find((user) => user.id === app.me); return me ? `You are ${me.first_name}.` : ""; };

function headingOf() {
  const { kind, id } = app.open;
  if (kind === "bot") { const bot = botOf(id); return bot && [bot.first_name, `@${bot.username}, bot. ${youAre()}`]; }
  const chat = chatOf(id);
  if (!chat) return null;
  if (kind === "thread") return ["Comments", chat.title];
  const count = chat.members.filter((member) => !["left", "kicked"].includes(member.status)).length;
  const words = chat.type === "channel" ? "subscriber" : "member";
  return [chat.title, `${chat.type === "channel" ? "Channel" : "Group"}, ${count} ${words}${count === 1 ? "" : "s"}`];
}

function drawTop() {
  const heading = app.open && headingOf();
  $("top").hidden = !heading;
  if (!heading) return;
  [$("title").textContent, $("subtitle").textContent] = heading;
  $("info").hidden = app.open.kind === "bot";
}

async function load() {
  const { kind, id, root } = app.open;
  if (kind === "bot") return app.me ? control("GET", `/view/${id}/${app.me}`) : [];
  const found = await control("GET", `/view/${id}`);
  return kind === "thread" ? found.filter((one) => one.message_id === root || one.view.thread === root) : found;
}

function may(message, chat) {
  const own = message.view.author === app.me;
  const chief = chat && manages(chat, chat.type === "channel" ? "can_edit_messages" : "can_delete_messages");
  const group = !chat || chat.type === "supergroup";
  return { reply: group, react: Boolean(chat), edit: own || (chat?.type === "channel" && chief), delete: Boolean(own || chief || !chat) };
}

const on = {
  press: async (message, spec, button) => {
    if (!spec.callback_data) return toast("This button is not emulated here.");
    button.setAttribute("aria-busy", "true");
    const body = { user_id: app.me, chat_id: message.chat.id, message_id: message.message_id, data: spec.callback_data };
    const answer = await tried(() => control("POST", "/callbacks", body));
    button.removeAttribute("aria-busy");
    if (answer && !answer.answered) toast("The bot did not answer.");
    else if (answer?.url) window.open(answer.url, "_blank", "noreferrer");
    else if (answer?.text) toast(answer.text);
    return refresh(true);
  },
  react: (message, emoji) => tried(() => control("POST", `/chats/${message.chat.id}/messages/${message.message_id}/reactions`, { user_id: app.me, emoji })).then(() => refresh(true)),
  reply: (message) => replying({ kind: "reply", message }),
  edit: (message) => replying({ kind: "edit", message }),
  remove: (message) => tried(() => control("DELETE", `/chats/${message.chat.id}/messages/${message.message_id}`)).then(() => refresh(true)),
  comments: (message) => go({ kind: "thread", id: chatOf(message.chat.id).linked_chat_id, root: message.view.root, channel: message.chat.id }),
};

function emptyWords() {
  if (!app.open) return "Choose a chat.";
  if (app.open.kind !== "bot") return "Nothing here yet.";
  return botOf(app.open.id)?.about || "Nothing here yet. Press START to talk with the bot.";
}

function drawMessages() {
  const place = $("messages"), below = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  const chat = app.open && app.open.kind !== "bot" ? chatOf(app.open.id) : null;
  const see = (message) => ({ mine: message.view.author === app.me && !message.sender_chat, thread: app.open.kind !== "chat", may: may(message, chat) });
  const nodes = app.messages.map((message) => drawn(message, see(message), on));
  place.replaceChildren(...(nodes.length ? nodes : [el("p", { class: "empty" }, emptyWords())]));
  if (below) place.scrollTop = place.scrollHeight;
}

let busy = false;
export async function refresh(force = false) {
  if (busy && !force) return;
  busy = true;
  try {
    const version = force || !app.state ? "" : `?version=${app.state.version}`;
    const state = await control("GET", `/state${version}`);
    if (!state.users) return;
    const first = !app.state;
    app.state = state;
    if (first) { drawMe(); await followLink(); }
    await draw();
  } catch (error) { if (force) toast(error.message); } finally { busy = false; }
}

async function draw() {
  drawMe();
  const list = JSON.stringify([app.state.chats, app.state.bots, app.state.private, app.me, app.open]);
  if (list !== shownList) { shownList = list; drawList(); drawTop(); drawSide(); }
  const open = app.open;
  const messages = open && headingOf() ? await load() : [];
  if (open !== app.open) return;
  app.messages = messages;
  const writing = JSON.stringify([app.open, app.me, app.payload, messages.length > 0, app.open?.id < 0 && chatOf(app.open.id)?.members]);
  if (writing !== shownComposer) { shownComposer = writing; drawComposer(); }
  const text = JSON.stringify([messages, app.open, app.me]);
  if (text !== shownMessages) { shownMessages = text; drawMessages(); }
}

function begin() {
  for (const [id, name] of [["new-user", "plus"], ["back", "back"], ["info", "people"], ["context-off", "close"], ["more", "clip"], ["send", "send"]]) $(id).append(icon(name));
  $("who").addEventListener("change", () => { app.me = Number($("who").value); localStorage.setItem("me", String(app.me)); refresh(true); });
  $("new-user").addEventListener("click", newUser);
  $("new-channel").addEventListener("click", newChannel);
  $("new-bot").addEventListener("click", newBot);
  $("back").addEventListener("click", () => go(app.open?.kind === "thread" && app.open.channel ? { kind: "chat", id: app.open.channel } : null));
  $("info").addEventListener("click", () => { $("side").hidden = !$("side").hidden; drawSide(); });
  composer();
  refresh(true);
  setInterval(refresh, 700);
}

begin();
