// One message as a person sees it.
import { avatar, el, icon, time } from "/static/dom.js";

const WRAPS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote" };

function link(entity, text) {
  const url = entity.type === "text_link" ? entity.url : entity.type === "email" ? `mailto:${text}` : text;
  return el("a", { href: url, target: "_blank", rel: "noreferrer" });
}

function wrap(entity, text) {
  if (["text_link", "url", "email"].includes(entity.type)) return link(entity, text);
  if (entity.type === "spoiler") return el("span", { class: "spoiler", tabindex: "0" });
  if (WRAPS[entity.type]) return el(WRAPS[entity.type]);
  return el("span", { class: "marked" });
}

// Entities come sorted by offset, the longer one first, and nest properly; offsets are UTF-16 units as in JavaScript.
export function formatted(text, entities = [], from = 0, to = text.length) {
  const out = document.createDocumentFragment();
  let at = from;
  for (let n = 0; n < entities.length; n += 1) {
    const entity = entities[n];
    const start = Math.max(entity.offset, at), end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || end <= start) continue;
    out.append(text.slice(at, start));
    const node = wrap(entity, text.slice(start, end));
    node.append(formatted(text, entities.slice(n + 1), start, end));
    out.append(node);
    at = end;
  }
  out.append(text.slice(at, to));
  return out;
}

// The words of a rich message: a text, a list, or a look with words in it.
function rich(words) {
  if (typeof words === "string") return document.createTextNode(words);
  if (Array.isArray(words)) {
    const out = document.createDocumentFragment();
    out.append(...words.map(rich));
    return out;
  }
  if (words.alternative_text) return document.createTextNode(words.alternative_text);
  const node = words.type === "url" ? el("a", { href: words.url, target: "_blank", rel: "noreferrer" }) : wrap(words, "");
  node.append(rich(words.text));
  return node;
}

const BLOCKS = { heading: "h4", pre: "pre", footer: "small", blockquote: "blockquote", pullquote: "blockquote" };

function block(one) {
  if (one.type === "divider") return el("hr", {});
  const folded = ["details", "expandable_blockquote"].includes(one.type);
  const node = folded ? el("details", one.is_open ? { open: "" } : {}) : el(BLOCKS[one.type] || "p", {});
  if (folded) node.append(el("summary", {}, one.summary ? rich(one.summary) : "…"));
  if (one.text) node.append(rich(one.text));
  node.append(...(one.blocks || []).map(block));
  if (one.credit) node.append(el("cite", {}, rich(one.credit)));
  return node;
}

function richOf(message) {
  return el("div", { class: "text rich", "data-testid": "message-text" }, ...message.blocks.map(block));
}

function picture(file, label, name) {
  if (file.file_size) return el("img", { class: "media", src: `/sandbox/files/${file.file_id}`, alt: label });
  return el("div", { class: "media drawn", role: "img", "aria-label": label }, icon(name), el("span", {}, label));
}

function mediaOf(message) {
  if (message.photo) return picture(message.photo[message.photo.length - 1], "Photo", "picture");
  if (message.animation) return el("div", { class: "media drawn" }, icon("play"), el("span", {}, "GIF"));
  if (message.video) return el("div", { class: "media drawn" }, icon("play"), el("span", {}, "Video 0:05"));
  if (message.document) return el("div", { class: "file" }, icon("doc"), el("span", {}, message.document.file_name || "File"));
  return null;
}

function pollOf(poll) {
  const rows = poll.options.map((option) => el("li", {}, option.text));
  return el("div", { class: "poll" }, el("strong", {}, poll.question), el("ul", {}, ...rows));
}

function service(message) {
  const names = (users) => users.map((user) => user.first_name).join(", ");
  if (message.new_chat_members) return `${names(message.new_chat_members)} joined the group`;
  if (message.left_chat_member) return `${message.left_chat_member.first_name} left the group`;
  if (message.pinned_message) return `${message.from.first_name} pinned a message`;
  return null;
}

export function senderOf(message) {
  const chat = message.sender_chat;
  if (chat) return { id: chat.id, name: chat.title };
  return { id: message.from.id, name: [message.from.first_name, message.from.last_name].filter(Boolean).join(" ") };
}

function originOf(origin) {
  const name = origin.sender_user_name || origin.sender_user?.first_name || origin.chat?.title || origin.sender_chat?.title;
  return el("div", { class: "origin", "data-testid": "forwarded-from" }, `Forwarded from ${name}`);
}

function replyOf(message) {
  const to = message.reply_to_message;
  if (!to) return null;
  const text = message.quote?.text || to.text || to.caption || "Photo";
  return el("div", { class: "replied" }, el("b", {}, senderOf(to).name), el("span", {}, text));
}

function keyboardOf(message, on) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  const button = (spec) => (spec.url
    ? el("a", { class: "key", href: spec.url, target: "_blank", rel: "noreferrer", "data-testid": "inline-button" }, spec.text)
    : el("button", { class: `key ${spec.style || ""}`, type: "button", "data-testid": "inline-button", "data-data": spec.callback_data,
      onclick: (event) => on.press(message, spec, event.currentTarget) }, spec.text));
  return el("div", { class: "keys" }, ...rows.map((row) => el("div", { class: "keyrow" }, ...row.map(button))));
}

function reactionsOf(message, on) {
  const found = message.view.reactions;
  if (!found.length) return null;
  const chips = found.map((item) => el("button", { class: "reaction", type: "button", "data-testid": "reaction",
    onclick: () => on.react(message, item.type.emoji) }, `${item.type.emoji} ${item.total_count}`));
  return el("div", { class: "reactions" }, ...chips);
}

function act(name, label, action, testid) {
  return el("button", { class: "icon small", type: "button", title: label, "aria-label": label, "data-testid": testid, onclick: action }, icon(name));
}

function actionsOf(message, may, on) {
  const emoji = ["👍", "❤", "🔥", "👎"].map((one) => el("button", { class: "icon small", type: "button", "data-testid": `react-${one}`,
    "aria-label": `React ${one}`, onclick: () => on.react(message, one) }, one));
  return el("div", { class: "actions" },
    may.react ? el("span", { class: "emoji" }, ...emoji) : null,
    may.reply ? act("reply", "Reply", () => on.reply(message), "reply-message") : null,
    may.edit ? act("edit", "Edit", () => on.edit(message), "edit-message") : null,
    may.delete ? act("trash", "Delete", () => on.remove(message), "delete-message") : null);
}

function foot(message) {
  return el("span", { class: "foot" }, message.edit_date ? "edited " : null, time(message.date));
}

function commentsOf(message, on) {
  if (!message.view.root) return null;
  const count = message.view.comments;
  const label = count ? `${count} comment${count === 1 ? "" : "s"}` : "Leave a comment";
  return el("button", { class: "comments", type: "button", "data-testid": `comments-${message.message_id}`, onclick: () => on.comments(message) },
    icon("bubble"), label);
}

// `see` says how it is shown ({mine, may}), `on` what happens when something is pressed.
export function drawn(message, see, on) {
  const words = service(message);
  const attributes = { id: `message-${message.message_id}`, "data-testid": `message-${message.message_id}` };
  if (words) return el("div", { ...attributes, class: "service" }, words);
  const sender = senderOf(message);
  const text = message.text ?? message.caption ?? "";
  const name = el("div", { class: `sender t${Math.abs(sender.id) % 7}`, "data-testid": "message-sender" }, sender.name,
    message.from?.is_bot ? el("span", { class: "tag" }, "bot") : null,
    message.is_automatic_forward ? el("span", { class: "tag" }, "channel post") : null);
  const bubble = el("article", { class: "bubble" }, see.mine ? null : name,
    message.forward_origin && !message.is_automatic_forward ? originOf(message.forward_origin) : null,
    replyOf(message), mediaOf(message), message.poll ? pollOf(message.poll) : null,
    text ? el("div", { class: "text", "data-testid": "message-text" }, formatted(text, message.entities || message.caption_entities)) : null,
    message.rich_message ? richOf(message.rich_message) : null,
    reactionsOf(message, on), foot(message), see.thread ? null : commentsOf(message, on));
  const body = el("div", { class: "stack" }, bubble, keyboardOf(message, on), actionsOf(message, see.may, on));
  return el("div", { ...attributes, class: `message ${see.mine ? "mine" : ""}`, "data-author": message.view.author }, see.mine ? null : avatar(sender.name, sender.id), body);
}
