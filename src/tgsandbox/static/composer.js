// Where one writes: posts in a channel, messages in groups and to bots, edits and replies; the START button.
import { $, control, tried } from "/static/dom.js";
import { app, botOf, chatOf, manages, refresh } from "/static/app.js";

let context = null;

export function replying(next) {
  context = next;
  $("context").hidden = !next;
  if (!next) return;
  const text = next.message.text ?? next.message.caption ?? "";
  $("context-text").textContent = `${next.kind === "edit" ? "Edit" : "Reply to"}: ${text || "message"}`;
  if (next.kind === "edit") $("text").value = text;
  $("text").focus();
}

function isPost() {
  return app.open?.kind === "chat" && chatOf(app.open.id)?.type === "channel";
}

export function drawComposer() {
  const open = app.open, post = isPost();
  const bot = open?.kind === "bot" ? botOf(open.id) : null;
  const waits = bot && (app.payload !== null || app.messages.length === 0);
  const closed = post && !manages(chatOf(open.id), "can_post_messages");
  $("start").hidden = !waits || !app.me;
  $("composer").hidden = !open || !app.me || closed || Boolean(waits);
  $("more").hidden = !post;
  $("extras").hidden = !post || $("more").getAttribute("aria-expanded") !== "true";
  $("readonly").hidden = !(open && (closed || !app.me));
  $("readonly").textContent = app.me ? "You may read here, not post. Open a post's comments to write." : "Make a user first, then write as them.";
  $("text").placeholder = post ? "Write a post" : open?.kind === "thread" ? "Write a comment" : "Write a message";
}

async function start() {
  const payload = app.payload;
  app.payload = null;
  await tried(() => control("POST", `/private/${app.open.id}/${app.me}/messages`, { text: payload ? `/start ${payload}` : "/start" }));
  return refresh(true);
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.onerror = () => reject(new Error("The file could not be read."));
    reader.readAsDataURL(file);
  });
}

async function medium(kind) {
  const file = $("file").files[0];
  if (!file) return kind;
  const sent = { type: kind, name: file.name, mime_type: file.type, content: await base64(file) };
  return { type: kind, file_id: (await control("POST", "/files", sent)).file_id };
}

async function postBody(text) {
  const body = { from: app.me };
  if (text) body.text = text;
  const kind = $("kind").value, label = $("button-text").value.trim(), url = $("button-url").value.trim();
  if (kind === "album") body.album = Array(Number($("count").value) || 2).fill("photo");
  else if (kind) body.media = await medium(kind);
  if (label) body.keyboard = [[url ? { text: label, url } : { text: label, callback_data: label.slice(0, 30) }]];
  return body;
}

async function write(text) {
  const { kind, id, root } = app.open;
  if (context?.kind === "edit") return control("PUT", `/chats/${context.message.chat.id}/messages/${context.message.message_id}`, { text });
  if (isPost()) return control("POST", `/channels/${id}/posts`, await postBody(text));
  const reply_to = context?.message.message_id ?? root;
  if (kind === "bot") return control("POST", `/private/${id}/${app.me}/messages`, { text, reply_to });
  return control("POST", `/chats/${id}/messages`, { user_id: app.me, text, reply_to });
}

function clear() {
  for (const id of ["text", "kind", "button-text", "button-url", "file"]) $(id).value = "";
  $("more").setAttribute("aria-expanded", "false");
  for (const id of ["extras", "count-label", "file-label", "button-url-label"]) $(id).hidden = true;
  grow();
  replying(null);
}

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = `${Math.min($("text").scrollHeight + 2, 160)}px`;
}

async function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text && !$("kind").value) return;
  const done = await tried(async () => { await write(text); return true; });
  if (!done) return;
  clear();
  await refresh(true);
  $("messages").scrollTop = $("messages").scrollHeight;
}

export function composer() {
  $("composer").addEventListener("submit", submit);
  $("start").addEventListener("click", start);
  $("context-off").addEventListener("click", () => { if (context?.kind === "edit") $("text").value = ""; replying(null); });
  $("text").addEventListener("input", grow);
  $("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event); });
  $("more").addEventListener("click", () => {
    const expanded = $("more").getAttribute("aria-expanded") !== "true";
    $("more").setAttribute("aria-expanded", String(expanded));
    $("extras").hidden = !expanded;
  });
  $("kind").addEventListener("change", () => {
    $("count-label").hidden = $("kind").value !== "album";
    $("file-label").hidden = !$("kind").value || $("kind").value === "album";
  });
  $("button-text").addEventListener("input", () => { $("button-url-label").hidden = !$("button-text").value; });
}
