// <ymateb-thread target="…" lang="…">: puts a thread into the page, or takes over the one that is there.
// Contract: no third party, no cookie, no inline style, nothing that Trusted Types would stop, no rendering of its own:
// all words and all markup come from GET /thread.html, which this script reads, checks and places.

const STYLES = "__STYLES__";
const BASE = import.meta.url.replace(/\/widget(\.js|\/).*$/, "");
const MARKUP = 1; // the markup that this script knows how to bring up to date
const POLL_MS = 60_000;
const SETTLE_MS = 400; // events come in bursts

// What may come into the page. The service has sanitised it already; this is the second lock.
const ELEMENTS = new Set(
  ("a abbr article b bdi bdo blockquote br button cite code data dd del details dfn div dl dt em figcaption figure footer form h1 h2 h3 h4 h5 h6 " +
    "header hr i img input ins kbd label li mark ol option p path pre q rect rp rt ruby s samp section select small span strong sub summary " +
    "sup svg table tbody td textarea tfoot th thead time tr u ul var wbr").split(" "),
);
const ATTRIBUTES = new Set(
  ("accept-charset action alt autocomplete cite class colspan d datetime dir fill for height hidden href id lang loading maxlength method " +
    "name open placeholder rel required reversed role rows rowspan scope src start tabindex title type value viewbox width").split(" "),
);
const ADDRESSES = new Set(["href", "src", "action", "cite"]);

let sheet;

function adopt(root) {
  sheet ??= new CSSStyleSheet();
  if (!sheet.cssRules.length) sheet.replaceSync(STYLES);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

function isHarmless({ name, value }) {
  const known = ATTRIBUTES.has(name.toLowerCase()) || /^(aria|data)-[a-z-]+$/.test(name);
  return known && (!ADDRESSES.has(name) || /^(https?:|mailto:|#)/i.test(value));
}

// Leaves of a parsed, inert tree only what is on the lists above.
function clean(tree) {
  for (const element of [...tree.querySelectorAll("*"), tree]) {
    if (!ELEMENTS.has(element.localName)) element.remove();
    else for (const attribute of [...element.attributes]) isHarmless(attribute) || element.removeAttribute(attribute.name);
  }
  return tree;
}

// A document is parsed by the request itself: that is no injection sink, so no Trusted Types policy is needed.
function fetchThread(url) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.timeout = 20_000;
    request.onload = () => {
      const section = request.status === 200 && request.response?.querySelector(".ymateb");
      section ? resolve(document.importNode(clean(section), true)) : reject(new Error(`thread: ${request.status}`));
    };
    request.onerror = request.ontimeout = () => reject(new Error("thread: unreachable"));
    request.open("GET", url);
    request.send();
  });
}

const own = (list, id) => [...list.children].find((item) => item.id === id);
const part = (item, selector) => item.querySelector(`:scope > ${selector}`);

function replace(parent, old, fresh, before) {
  if (old && fresh) old.isEqualNode(fresh) || old.replaceWith(fresh);
  else if (fresh) parent.insertBefore(fresh, before ?? null);
  else old?.remove();
}

// Makes `list` equal to `fresh`, touching only what differs, so that focus, selection and place of the reader survive.
function bringUpToDate(list, fresh, added) {
  for (const item of [...list.children]) own(fresh, item.id) || item.remove();
  let place = list.firstElementChild;
  for (const item of [...fresh.children]) {
    const here = own(list, item.id);
    if (!here) {
      list.insertBefore(item, place);
      added.push(item);
      continue;
    }
    place = here.nextElementSibling;
    if (here.className !== item.className && !here.classList.contains("ym-new")) here.className = item.className;
    replace(here, part(here, "article, :scope > p:first-child"), part(item, "article, :scope > p:first-child"), here.firstChild);
    const [below, answers] = [part(here, "ol"), part(item, "ol")];
    if (below && answers) bringUpToDate(below, answers, added);
    else {
      if (answers) added.push(...answers.children);
      replace(here, below, answers);
    }
    replace(here, part(here, ".ym-deeper"), part(item, ".ym-deeper"));
  }
}

class YmatebThread extends HTMLElement {
  static observedAttributes = ["target", "lang", "also"];

  #section = null; // the thread that is shown
  #fresh = null; // a newer one that waits to be shown
  #live = null;
  #stream = null;
  #timers = new Set();
  #leave = null;

  connectedCallback() {
    adopt(this.getRootNode());
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.#begin(), { once: true });
    else this.#begin();
  }

  disconnectedCallback() {
    this.#leave?.abort();
    this.#rest();
  }

  attributeChangedCallback(name, old, value) {
    if (this.#section && old !== value) this.load();
  }

  get #service() {
    return this.getAttribute("service") ?? BASE;
  }

  #url(path, more = {}) {
    const wishes = { target: this.getAttribute("target") ?? location.href.split("#")[0], ...more };
    const query = new URLSearchParams(Object.entries(wishes).filter(([, value]) => value));
    return `${this.#service}${path}?${query}`;
  }

  #fragment(cursor) {
    const lang = this.getAttribute("lang") ?? this.closest("[lang]")?.lang;
    const within = this.closest(".h-entry") && "h-entry";
    return fetchThread(this.#url("/thread.html", { lang, within, cursor, also: this.getAttribute("also"), level: this.getAttribute("level") }));
  }

  #begin() {
    if (!this.isConnected) return;
    const there = this.querySelector(".ymateb");
    there ? this.#take(there) : this.load();
  }

  async load() {
    this.#rest();
    try {
      const section = await this.#fragment();
      this.replaceChildren(section);
      this.#take(section);
      if (/^#c-\d+$/.test(location.hash)) this.querySelector(location.hash)?.scrollIntoView();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("ymateb:error", { bubbles: true, detail: error }));
    }
  }

  #take(section) {
    this.#section = section;
    this.#live = document.createElement("div");
    this.#live.className = "ymateb-live";
    this.#live.setAttribute("role", "status");
    this.append(this.#live);
    this.dispatchEvent(new CustomEvent("ymateb:ready", { bubbles: true }));
    if (this.hasAttribute("still") || section.dataset.markup !== String(MARKUP)) return;
    this.#leave?.abort();
    this.#leave = new AbortController();
    const watcher = new IntersectionObserver(([entry]) => (entry.isIntersecting && !document.hidden ? this.#listen() : this.#rest()), { rootMargin: "50%" });
    watcher.observe(this);
    this.#leave.signal.addEventListener("abort", () => watcher.disconnect());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#listen()), { signal: this.#leave.signal });
  }

  // Events only say that there is something; what it is, the fragment says.
  #listen() {
    if (this.#stream || this.#timers.size) return;
    this.#stream = new EventSource(this.#url("/api/events", { cursor: this.#section.dataset.cursor }));
    for (const name of ["created", "updated", "approved", "hidden", "deleted"]) this.#stream.addEventListener(name, () => this.#soon());
    this.#stream.onerror = () => {
      if (this.#stream?.readyState === EventSource.CLOSED) this.#timers.add(setInterval(() => this.#check(), POLL_MS));
    };
  }

  #soon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#check(), SETTLE_MS);
  }

  #rest() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.soon);
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }

  async #check() {
    const fresh = await this.#fragment(Date.now().toString(36)).catch(() => null);
    if (!fresh || !this.isConnected) return;
    const known = new Set(Array.from(this.#section.querySelectorAll("[id^=c-]"), (item) => item.id));
    const news = [...fresh.querySelectorAll("[id^=c-]")].filter((item) => !known.has(item.id)).length;
    this.#fresh = fresh;
    if (news) this.#announce(news);
    else this.#show();
  }

  #announce(count) {
    const lang = this.#section.lang;
    const forms = JSON.parse(this.#fresh.dataset.news);
    const text = (forms[new Intl.PluralRules(lang).select(count)] ?? forms.other).replace("{n}", new Intl.NumberFormat(lang).format(count));
    const button = this.#live.querySelector("button") ?? document.createElement("button");
    button.type = "button";
    button.lang = lang;
    button.textContent = text;
    button.onclick = () => this.#show(true);
    if (!button.isConnected) this.#live.replaceChildren(button);
  }

  #show(isAsked) {
    const [here, fresh, added] = [this.#section, this.#fresh, []];
    if (!fresh) return;
    this.#fresh = null;
    this.#live.replaceChildren();
    for (const name of [".ym-heading", ".ym-reactions", ".ym-answer"]) {
      const [old, now] = [part(here, name), part(fresh, name)];
      if (name !== ".ym-answer" || old?.children.length !== now?.children.length) replace(here, old, now);
    }
    bringUpToDate(part(here, ".ym-top"), part(fresh, ".ym-top"), added);
    here.dataset.cursor = fresh.dataset.cursor;
    for (const item of added) item.classList.add("ym-new");
    if (!isAsked) return;
    const first = added[0] ?? part(here, ".ym-heading");
    first.tabIndex = -1;
    first.focus();
    this.dispatchEvent(new CustomEvent("ymateb:shown", { bubbles: true, detail: { added: added.length } }));
  }
}

customElements.get("ymateb-thread") || customElements.define("ymateb-thread", YmatebThread);
