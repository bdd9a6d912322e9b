// What HTML alone cannot do. Everything works without it; nothing here is needed to submit a form or follow a link.

const language = document.documentElement.lang;

// <relative-time>: says how long ago its <time> was. The words stand in a shadow root, so a swap or a morph of the
// page around it never fights with them.
class RelativeTime extends HTMLElement {
  connectedCallback() {
    this.root ??= this.attachShadow({mode: "open"});
    this.tick();
    this.timer = setInterval(() => this.tick(), 10_000);
    this.watcher ??= new MutationObserver(() => this.tick());
    this.watcher.observe(this, {subtree: true, attributes: true, attributeFilter: ["datetime"], childList: true});
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.watcher.disconnect();
  }

  tick() {
    const time = this.querySelector("time");
    if (!time) return;
    this.title = time.title || time.textContent;
    this.root.textContent = relative(Date.parse(time.dateTime));
  }
}

const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(language, {numeric: "auto", style: "short"});

function relative(moment) {
  const seconds = Math.round((moment - Date.now()) / 1000);
  if (Math.abs(seconds) < 5) return words.format(0, "second");
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length);
  return words.format(Math.trunc(seconds / size), unit);
}

// <copy-button data-text="…">: copies, and says that it did.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.copy);
  }

  async copy() {
    const done = await copied(this.dataset.text);
    this.querySelector("[role=status]").textContent = done ? this.dataset.done : this.dataset.failed;
    this.toggleAttribute("data-copied", done);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), 2000);
  }

  rest() {
    this.removeAttribute("data-copied");
    const status = this.querySelector("[role=status]");
    if (status) status.textContent = "";
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByHand(text); // plain http on a local network has no clipboard API
  }
}

function copiedByHand(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

// <insert-text data-into="id">: its buttons put their data-insert where the caret stands in that field.
class InsertText extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.put);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.put);
  }

  put(event) {
    const text = event.target.closest("[data-insert]")?.dataset.insert;
    const area = document.getElementById(this.dataset.into);
    if (!text || !area) return;
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    area.dispatchEvent(new InputEvent("input", {bubbles: true}));
  }
}

// <review-queue>: j and k go from card to card; a, e, v and s press what the card in focus offers. Whoever decides by
// keys finds the next card in focus when the page comes back.
class ReviewQueue extends HTMLElement {
  connectedCallback() {
    this.onKey = (event) => this.press(event);
    document.addEventListener("keydown", this.onKey);
    const wanted = this.querySelector("[data-card]:target") ?? (sessionStorage.reviewKeys && this.querySelector("[data-card]"));
    delete sessionStorage.reviewKeys;
    wanted?.focus();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = letter(event);
    const cards = [...this.querySelectorAll("[data-card]")];
    const at = cards.findIndex((card) => card.contains(document.activeElement));
    if (key === "j" || key === "k") {
      const next = key === "j" ? Math.min(at + 1, cards.length - 1) : Math.max(at - 1, 0);
      cards[next]?.focus();
      cards[next]?.scrollIntoView({block: "nearest"});
    } else if (at >= 0 && "aevs".includes(key) && !event.repeat) {
      sessionStorage.reviewKeys = "yes";
      cards[at].querySelector(`[data-key=${key}]`)?.click();
      if (key === "e") cards[at].querySelector("textarea")?.focus();
    } else return;
    event.preventDefault();
  }
}

customElements.define("review-queue", ReviewQueue);
customElements.define("insert-text", InsertText);
customElements.define("relative-time", RelativeTime);
customElements.define("copy-button", CopyButton);

// A live region asks nothing while nobody looks at the page.
document.addEventListener("htmx:before:request", (event) => {
  const {sourceElement} = event.detail.ctx;
  if (document.hidden && sourceElement.matches("[data-live]")) event.preventDefault();
});

// The server cannot be reached: say so, until it can.
document.addEventListener("htmx:error", () => offline(true));
document.addEventListener("htmx:after:request", () => offline(false));
document.addEventListener("htmx:sse:error", (event) => event.detail.status || offline(true));
document.addEventListener("htmx:sse:after:connection", () => offline(false));

function offline(is) {
  const note = document.getElementById("offline");
  if (note) note.hidden = !is;
}

// "Close" on a notice.
document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest(".notice")?.remove());

// Buttons that open and close dialogs, for browsers that do not know `command` yet.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) button.getAttribute("command") === "close" ? dialog.close() : dialog.showModal();
  });
}

// The keyboard: "/" search, "?" help, "g" and a letter, "j" and "k" from row to row, Ctrl+K anywhere. A letter is taken
// by its place on the keyboard where the layout is not Latin.
const keys = {"/": search, "?": () => show("keys"), j: () => toRow(1), k: () => toRow(-1)};
let going = 0;

// Before anybody else hears of it: the letter after "g" is never an order to the page, which may approve by "a".
document.addEventListener("keydown", (event) => {
  const key = letter(event);
  if (event.altKey || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey) return key === "k" && !event.shiftKey && did(event, openPalette());
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
  const isSecond = Date.now() - going < 1500;
  going = key === "g" && !isSecond ? Date.now() : 0;
  if (isSecond) did(event, document.querySelector(`.sidebar [data-key="${CSS.escape(key)}"]`)?.click());
  else if (keys[key]) did(event, keys[key]());
}, true);

function letter({key, code}) {
  return /^[^\x00-\x7f]$/.test(key) && code.startsWith("Key") ? code.at(-1).toLowerCase() : key.length === 1 ? key.toLowerCase() : key;
}

// What a key did; false means that there was nothing to do, and the browser may have the key.
function did(event, was) {
  if (was === false) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function show(id) {
  const dialog = document.getElementById(id);
  dialog?.showModal();
  return Boolean(dialog);
}

function search() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  return Boolean(field);
}

function toRow(step) {
  if (document.querySelector("review-queue")) return false; // it has j and k of its own
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a[href]"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  row?.querySelector("a[href]").focus();
  row?.scrollIntoView({block: "nearest"});
  return rows.length > 0;
}

// A field with data-names offers the names that this list of the API finds for what is typed.
let pause;

function offerNames({target}) {
  if (!target.dataset?.names) return;
  clearTimeout(pause);
  pause = setTimeout(async () => {
    const typed = target.value;
    const answer = await fetch(`${target.dataset.names}?limit=20&q=${encodeURIComponent(typed.replace(/^@/, ""))}`);
    if (!answer.ok || target.value !== typed) return;
    const {data} = await answer.json();
    target.list.replaceChildren(...data.items.map((one) => {
      const option = document.createElement("option");
      option.value = one.username ? `@${one.username}` : one.title ?? one.name;
      option.label = one.username ? one.title ?? one.name ?? "" : "";
      return option;
    }));
  }, 150);
}

document.addEventListener("focusin", offerNames);
document.addEventListener("input", offerNames);

// The palette: every place of the menu, by a few letters of its name.
function openPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return false;
  const [field, list] = palette.children;
  list.replaceChildren(...[...document.querySelectorAll(".sidebar a.nav-link")].map((link) => {
    const item = document.createElement("li");
    item.append(link.cloneNode(true));
    return item;
  }));
  field.value = "";
  palette.showModal();
  return true;
}

function links() {
  return [...document.querySelectorAll("#palette li:not([hidden]) a")];
}

document.getElementById("palette")?.addEventListener("input", ({target}) => {
  const wanted = target.value.trim().toLowerCase();
  for (const item of target.nextElementSibling.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
});

document.getElementById("palette")?.addEventListener("keydown", (event) => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  const found = links();
  const at = found.indexOf(document.activeElement);
  if (step) did(event, (found[at + step] ?? (at < 0 ? found[0] : event.currentTarget.firstElementChild))?.focus());
  if (event.key === "Enter" && at < 0) did(event, found[0]?.click());
});
