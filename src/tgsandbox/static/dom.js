// Small helpers: elements, icons, calls of the sandbox's controls, the toast.

export const $ = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.setAttribute("class", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export async function control(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const answer = await (await fetch(`/sandbox${path}`, options)).json();
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.result;
}

let hiding;
export function toast(text) {
  const place = $("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 5000);
}

export async function tried(action) {
  try { return await action(); } catch (error) { toast(error.message); return undefined; }
}

export function time(seconds) {
  const moment = new Date(seconds * 1000);
  const text = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: moment.toISOString(), title: moment.toLocaleString() }, text);
}

export function avatar(name, id) {
  const letters = [...name.trim()].slice(0, 1).join("").toUpperCase() || "?";
  return el("span", { class: `avatar c${Math.abs(id) % 7}`, "aria-hidden": "true" }, letters);
}
