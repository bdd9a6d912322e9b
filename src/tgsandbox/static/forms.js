// Dialogs: new users, bots and channels; adding a bot to a chat as t.me's links do; bots made for a manager.
import { $, control, el, toast } from "/static/dom.js";
import { app, chatOf, go, refresh } from "/static/app.js";

function field(name, label, attributes = {}) {
  return el("label", {}, label, el("input", { name, "data-testid": `field-${name}`, autocomplete: "off", ...attributes }));
}

function choice(name, label, options, chosen) {
  const nodes = options.map(([value, text]) => el("option", { value, selected: String(value) === String(chosen) }, text));
  return el("label", {}, label, el("select", { name, "data-testid": `field-${name}` }, ...nodes));
}

// Shows a form in the dialog; `save` gets its values and may throw: then the form stays and says why.
function dialog(title, parts, action, save, about) {
  const said = el("p", { class: "said", role: "alert", "data-testid": "dialog-error" });
  const form = el("form", { class: "form", method: "dialog", onsubmit: async (event) => {
    event.preventDefault();
    try {
      await save(Object.fromEntries(new FormData(form)), form);
      $("dialog").close();
      await refresh(true);
    } catch (error) { said.textContent = error.message; }
  } }, ...parts, said, el("div", { class: "buttons" },
    el("button", { type: "button", class: "quiet", "data-testid": "dialog-cancel", onclick: () => $("dialog").close() }, "Cancel"),
    el("button", { class: "primary", "data-testid": "dialog-save" }, action)));
  $("dialog").replaceChildren(el("h2", {}, title), about ? el("p", {}, about) : "", form);
  $("dialog").showModal();
}

const users = () => app.state.users.map((user) => [user.id, user.first_name]);

export function newUser() {
  const parts = [field("first_name", "Name", { required: true }), field("username", "Username (may be empty)", { pattern: "[A-Za-z][A-Za-z0-9_]{2,31}" })];
  dialog("New user", parts, "Create", async ({ first_name, username }) => {
    const user = await control("POST", "/users", { first_name, ...(username && { username }) });
    app.me = user.id;
    localStorage.setItem("me", String(user.id));
  });
}

export function newBot() {
  const parts = [field("name", "Name", { required: true }), field("username", "Username, ends with “bot”", { required: true }), choice("owner_id", "Owner", users(), app.me)];
  dialog("New bot", parts, "Create", async ({ name, username, owner_id }) => {
    const bot = await control("POST", "/bots", { name, username, ...(Number(owner_id) && { owner_id: Number(owner_id) }) });
    showToken(bot);
    throw new Shown();
  }, "As @BotFather would make it.");
}

class Shown extends Error { constructor() { super(""); } }

function showToken(bot) {
  const token = el("input", { value: bot.token, readonly: true, "data-testid": "bot-token", "aria-label": "Token" });
  const done = el("button", { class: "primary", "data-testid": "dialog-save", onclick: () => { $("dialog").close(); go({ kind: "bot", id: bot.id }); } }, "Done");
  $("dialog").replaceChildren(el("h2", {}, `@${bot.username} is ready`), el("p", {}, "Its token for the Bot API:"),
    el("div", { class: "form" }, token, el("div", { class: "buttons" }, done)));
  token.select();
}

export function newChannel() {
  if (!app.me) { toast("Make a user first: a channel has an owner."); return; }
  const group = el("label", { class: "check" }, el("input", { type: "checkbox", name: "group", checked: true, "data-testid": "field-group" }), "with a discussion group");
  const parts = [field("title", "Title", { required: true }), field("username", "Username (may be empty)"), choice("owner_id", "Owner", users(), app.me), group];
  dialog("New channel", parts, "Create", async ({ title, username, owner_id, group: linked }) => {
    const made = await control("POST", "/channels", { title, owner_id: Number(owner_id), group: Boolean(linked), ...(username && { username }) });
    await refresh(true);
    await go({ kind: "chat", id: made.id });
  });
}

export function newManaged(manager, suggested, name) {
  const bot = app.state.bots.find((one) => one.username.toLowerCase() === (manager || "").toLowerCase());
  if (!bot) { toast(`There is no bot called @${manager} here.`); return go(null); }
  if (!app.me) { toast("Make a user first."); return go(null); }
  const parts = [field("name", "Name", { required: true, value: name || suggested || "" }), field("username", "Username", { required: true, value: suggested || "" }), choice("owner_id", "Owner", users(), app.me)];
  dialog("Create a bot", parts, "Create", async (given) => {
    await control("POST", "/managed", { manager_id: bot.id, owner_id: Number(given.owner_id), name: given.name, username: given.username });
    toast(`@${given.username} is made; @${bot.username} manages it.`);
  }, `@${bot.username} will manage it. You stay its owner.`);
  return go({ kind: "bot", id: bot.id });
}

const known = (chat, right) => app.state.rights[chat.type].includes(right);

// t.me's names of rights in `admin=` → the Bot API's.
const SHORT = { post_messages: "can_post_messages", edit_messages: "can_edit_messages", delete_messages: "can_delete_messages",
  restrict_members: "can_restrict_members", invite_users: "can_invite_users", pin_messages: "can_pin_messages",
  manage_topics: "can_manage_topics", promote_members: "can_promote_members", change_info: "can_change_info",
  manage_video_chats: "can_manage_video_chats", anonymous: "is_anonymous", manage_chat: "can_manage_chat",
  post_stories: "can_post_stories", edit_stories: "can_edit_stories", delete_stories: "can_delete_stories", manage_direct_messages: "can_manage_direct_messages" };

function addBot(bot, type, { payload, admin }) {
  const mine = app.state.chats.filter((chat) => chat.type === type && chat.members.some((member) => member.user.id === app.me && (member.status === "creator" || member.can_promote_members)));
  if (!mine.length) { toast(`You have no ${type === "channel" ? "channel" : "group"} where you may add bots.`); return; }
  const asked = admin.map((name) => SHORT[name] || name);
  const parts = [choice("chat_id", type === "channel" ? "Channel" : "Group", mine.map((chat) => [chat.id, chat.title])),
    el("p", {}, asked.length ? `As an administrator with: ${admin.join(", ").replaceAll("_", " ")}.` : "As a member.")];
  dialog(`Add @${bot.username}`, parts, "Add", async ({ chat_id }) => {
    const chat = chatOf(Number(chat_id));
    const rights = Object.fromEntries(asked.filter((right) => known(chat, right)).map((right) => [right, true]));
    const body = asked.length || type === "channel" ? { status: "administrator", rights, from: app.me } : { status: "member", from: app.me };
    await control("PUT", `/chats/${chat.id}/members/${bot.id}`, body);
    if (payload) await control("POST", `/chats/${chat.id}/messages`, { user_id: app.me, text: `/start@${bot.username} ${payload}` });
    toast(`@${bot.username} is in “${chat.title}”.`);
    await go({ kind: "chat", id: chat.id });
  });
}

export const ask = { addBot };
