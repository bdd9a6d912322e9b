// Members of the open chat, and the form that gives them their place and rights.
import { $, avatar, control, el, icon, tried } from "/static/dom.js";
import { app, chatOf, refresh } from "/static/app.js";

const STATUSES = ["administrator", "member", "restricted", "left", "kicked"];
const USUAL = { channel: ["can_post_messages", "can_edit_messages", "can_delete_messages"], supergroup: ["can_delete_messages", "can_pin_messages"] };
let chosen = 0;

const words = (right) => right.replace(/^can_|^is_/, "").replaceAll("_", " ");
const everybody = () => [...app.state.users, ...app.state.bots];

function memberRow(chat, member) {
  const name = member.user.first_name + (member.user.is_bot ? " (bot)" : "");
  const edit = member.status === "creator" ? null : el("button", { class: "icon small", "aria-label": `Change ${name}`, "data-testid": `member-edit-${member.user.id}`,
    onclick: () => { chosen = member.user.id; drawSide(); } }, icon("edit"));
  return el("div", { class: "member", "data-testid": `member-${member.user.id}` }, avatar(name, member.user.id),
    el("span", { class: "about" }, el("b", {}, name), el("small", { "data-testid": "member-status-text" }, member.status)), edit);
}

function rightsOf(chat, member) {
  const held = (right) => (member?.status === "administrator" ? member[right] : USUAL[chat.type].includes(right));
  return el("fieldset", { class: "checks", "data-testid": "rights" }, ...app.state.rights[chat.type].filter((right) => right !== "can_manage_chat").map((right) => el("label", {},
    el("input", { type: "checkbox", name: right, checked: Boolean(held(right)), "data-testid": `right-${right}` }), words(right))));
}

function form(chat) {
  const people = everybody().filter((user) => user.id !== chat.owner_id);
  if (!people.length) return el("p", { class: "said" }, "Nobody to add yet.");
  if (!people.some((user) => user.id === chosen)) chosen = people[people.length - 1].id;
  const member = chat.members.find((one) => one.user.id === chosen);
  const who = el("select", { "data-testid": "member-select", "aria-label": "Who", onchange: () => { chosen = Number(who.value); drawSide(); } },
    ...people.map((user) => el("option", { value: user.id, selected: user.id === chosen }, `${user.first_name}${user.username ? ` (@${user.username})` : ""}`)));
  const status = el("select", { "data-testid": "member-status", onchange: () => { rights.hidden = status.value !== "administrator"; } },
    ...STATUSES.map((one) => el("option", { value: one, selected: one === (member?.status || "administrator") }, one)));
  const rights = rightsOf(chat, member);
  rights.hidden = status.value !== "administrator";
  return el("form", { class: "form", "data-testid": "member-form", onsubmit: (event) => { event.preventDefault(); save(chat, status.value, rights); } },
    el("label", {}, "Who", who), el("label", {}, "Is", status), rights, el("button", { class: "primary", "data-testid": "member-save" }, "Save"));
}

async function save(chat, status, rights) {
  const body = { status, ...(app.me && { from: app.me }) };
  if (status === "administrator") body.rights = Object.fromEntries([...rights.querySelectorAll("input:checked")].map((box) => [box.name, true]));
  await tried(() => control("PUT", `/chats/${chat.id}/members/${chosen}`, body));
  await refresh(true);
}

function guard(chat) {
  const box = el("input", { type: "checkbox", checked: chat.guarded, "data-testid": "guarded", onchange: () => tried(() => control("PUT", `/chats/${chat.id}`, { guarded: box.checked })) });
  return el("label", { class: "check" }, box, "a guard bot deletes bots' messages");
}

export function drawSide() {
  const side = $("side"), chat = app.open && app.open.kind !== "bot" ? chatOf(app.open.id) : null;
  if (side.hidden) return;
  if (!chat) { side.hidden = true; return; }
  const close = el("button", { class: "icon", "aria-label": "Close", "data-testid": "side-close", onclick: () => { side.hidden = true; } }, icon("close"));
  side.replaceChildren(el("h2", {}, chat.title, close), ...chat.members.map((member) => memberRow(chat, member)),
    el("h3", {}, "Add or change"), form(chat), ...(chat.type === "supergroup" ? [el("h3", {}, "Guard"), el("div", { class: "form" }, guard(chat))] : []));
}
