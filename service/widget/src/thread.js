// <ymateb-thread target="…" lang="…">: puts a thread into the page, or takes over the one that is there.
// Contract: no third party, no cookie, no inline style, nothing that Trusted Types would stop, no rendering of its own:
// all words and all markup come from GET /thread.html, which this script reads, checks and places.

const STYLES = "__STYLES__";
const VERSION = "__VERSION__";
const BASE = import.meta.url.replace(/\/widget(\.js|\/).*$/, "");
const MARKUP = 3; // the markup that this script knows how to bring up to date
const POLL_MS = 60_000;
const EDITABLE_MS = 15 * 60_000;
const SETTLE_MS = 400; // events come in bursts
const AGAIN_MS = 5_000; // until a thread that could not be fetched is asked for again

// What may come into the page. The service has sanitised it already; this is the second lock.
const ELEMENTS = new Set(
  ("a abbr article b bdi bdo blockquote br button cite code data dd del details dfn div dl dt em figcaption figure footer form h1 h2 h3 h4 h5 h6 " +
    "header hr i img input ins kbd label li mark ol option p path pre q rect rp rt ruby s samp section select small span strong sub summary " +
    "sup svg table tbody td textarea tfoot th thead time tr u ul var wbr").split(" "),
);
const ATTRIBUTES = new Set(
  ("accept-charset action alt autocomplete cite class colspan d datetime dir fill for height hidden href id lang loading maxlength method " +
    "inputmode name open placeholder rel required reversed role rows rowspan scope src start tabindex title type value viewbox width").split(" "),
);
const ADDRESSES = new Set(["href", "src", "action", "cite"]);

const idOf = (element) => element.closest("[id^=c-]").id.slice(2);

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
function fetchPart(url, selector, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.timeout = 20_000;
    request.onload = () => {
      const section = request.status === 200 && request.response?.querySelector(selector);
      section ? resolve(document.importNode(clean(section), true)) : reject(new Error(`thread: ${request.status}`));
    };
    request.onerror = request.ontimeout = () => reject(new Error("thread: unreachable"));
    request.open(body ? "POST" : "GET", url);
    if (body) request.setRequestHeader("Accept", "text/html");
    request.send(body);
  });
}

// What the host page keeps for its reader: drafts until the tab is closed, tokens and likes for longer.
function keep(store, key, value) {
  try {
    if (value === undefined) return JSON.parse(window[store].getItem(`ymateb:${key}`)) ?? {};
    if (value) window[store].setItem(`ymateb:${key}`, JSON.stringify(value));
    else window[store].removeItem(`ymateb:${key}`);
  } catch {
    // storage is off, or full
  }
  return {};
}

// Writing, answering, editing and liking.  One form does it all, and goes to where it is used.
class Comments {
  #host;
  #section;
  #form = null;
  #home = null; // where the form stands when it answers the post
  #opener = null; // what brought it elsewhere
  #editing = null; // wm-id of the comment that is being changed
  #post = ""; // what its button says
  #leave = new AbortController();
  #begun = null; // a token of the moment when writing began
  isBusy = false;

  constructor(host, section) {
    this.#host = host;
    this.#section = section;
    const { signal } = this.#leave;
    section.addEventListener("click", (event) => this.#clicked(event), { signal });
    section.addEventListener("submit", (event) => this.#submitted(event), { signal });
    section.addEventListener("input", (event) => event.target.form === this.#form && this.#typed(event.target), { signal });
    section.addEventListener("keydown", (event) => event.key === "Escape" && this.isAway && this.#goHome(true), { signal });
    this.begin();
    this.decorate(section);
  }

  leave() {
    this.#leave.abort();
    clearTimeout(this.timer);
    if (this.isAway) this.#goHome();
  }

  begin() {
    this.#form = this.#section.querySelector(".ym-comment");
    if (!this.#form) return;
    this.#meet();
    this.#home = this.#form.nextElementSibling;
    this.#form.noValidate = true;
    this.#post = this.#form.querySelector(".ym-post").textContent;
    const { parent, ...fields } = keep("sessionStorage", this.#draft);
    this.#fill(fields);
    const link = parent && this.#section.querySelector(`#c-${+parent} > article .ym-does a`);
    if (link) this.#answer(link, parent);
  }

  // Who has signed in is a module's business that most readers never need.
  async #meet(act, popup) {
    const [place, store] = [this.#form.querySelector(".ym-session"), `session:${this.#form.action}`];
    if (!place || !globalThis.crypto?.subtle) return;
    place.hidden = false;
    if (!act && !keep("localStorage", store).token) return this.session?.take(this.#form);
    try {
      const { Session } = await import(`${BASE}/widget/${VERSION}/signin.js`);
      this.session ??= new Session(this.#form, store, keep, () => this.decorate(this.#section));
      this.session.take(this.#form);
      await this.session[act ?? "load"](popup);
    } catch {
      popup?.close();
      if (act) this.#say(JSON.parse(place.dataset.words).failed);
    }
  }

  // Before the thread becomes like `fresh`: what is the reader's own stays theirs, also when the place of the form goes.
  follow(fresh) {
    this.decorate(fresh);
    if (this.isAway && !fresh.querySelector(`#${this.#form.parentElement.id}`)) this.#goHome();
  }

  get isAway() {
    return !!this.#opener;
  }

  get #draft() {
    return `draft:${this.#section.dataset.target}`;
  }

  get #words() {
    return JSON.parse(this.#form?.dataset.words ?? "{}");
  }

  // What one may change because one has signed in.
  get #signed() {
    return this.session?.mine ?? {};
  }

  #tokenOf(id) {
    return id in this.#signed ? this.session.token : keep("localStorage", "mine")[id]?.token;
  }

  #fill(fields) {
    for (const [name, value] of Object.entries(fields)) if (this.#form.elements[name]) this.#form.elements[name].value = value;
  }

  #typed(field) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    if (this.#editing) return;
    // The token in the page may be old, or everybody's.
    this.#begun ??= this.#ask(`/comments/token?${new URLSearchParams({ target: this.#section.dataset.target })}`).catch(() => []);
    const { name, url, email, content, parent } = Object.fromEntries(new FormData(this.#form));
    keep("sessionStorage", this.#draft, { name, url, email, content, parent });
  }

  #say(text) {
    this.#form.querySelector(".ym-said").textContent = text;
  }

  // Marks what the reader has liked, and what they may still change; also in a tree that is not in the page yet.
  decorate(section) {
    const liked = keep("localStorage", "likes");
    for (const form of section.querySelectorAll(".ym-like")) form.firstElementChild.setAttribute("aria-pressed", `${idOf(form) in liked}`);
    const [mine, now] = [keep("localStorage", "mine"), Date.now()];
    const open = Object.entries(mine).filter(([, { until }]) => until > now);
    if (open.length < Object.keys(mine).length) keep("localStorage", "mine", open.length ? Object.fromEntries(open) : null);
    section.querySelectorAll(".ym-own-does").forEach((span) => span.remove());
    for (const id of this.#form ? new Set([...open.map(([id]) => id), ...Object.keys(this.#signed)]) : []) {
      const span = document.createElement("span");
      span.className = "ym-own-does";
      for (const name of ["edit", "delete"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = `ym-plain ym-${name}`;
        button.textContent = this.#words[name];
        span.append(button, " ");
      }
      section.querySelector(`#c-${id} > article > .ym-does`)?.append(span);
    }
    clearTimeout(this.timer);
    if (open.length) this.timer = setTimeout(() => this.decorate(this.#section), Math.min(...open.map(([, { until }]) => until)) - now + 50);
  }

  #clicked(event) {
    const target = event.target.closest("a, button");
    if (!target || !this.#form || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const { classList } = target;
    if (classList.contains("ym-cancel")) this.#goHome(true);
    else if (classList.contains("ym-sign-in")) this.#meet("signIn", open("", "", "popup,width=480,height=680"));
    else if (classList.contains("ym-edit")) this.#edit(target);
    else if (classList.contains("ym-delete")) this.#remove(target);
    else if (target.matches(".ym-does > a")) {
      event.preventDefault();
      this.#answer(target, idOf(target));
      this.#form.elements.content.focus();
      this.#typed(this.#form.elements.content);
    }
  }

  #move(opener, text) {
    this.#opener = opener;
    opener.closest("article").after(this.#form);
    const to = this.#form.querySelector(".ym-to");
    to.hidden = false;
    to.firstElementChild.textContent = text;
    this.#say("");
  }

  #answer(link, id) {
    if (this.#editing) this.#goHome();
    this.#move(link, link.getAttribute("aria-label"));
    this.#form.elements.parent.value = id;
  }

  #edit(button) {
    const [id, form] = [idOf(button), this.#form];
    if (this.isAway) this.#goHome();
    this.#editing = id;
    this.#move(button, button.textContent);
    form.querySelector(".ym-who").hidden = true;
    form.querySelector(".ym-post").textContent = this.#words.save;
    form.elements.content.value = this.#signed[id] ?? keep("localStorage", "mine")[id]?.content ?? "";
    form.elements.content.focus();
  }

  #goHome(focuses) {
    const [form, opener] = [this.#form, this.#opener];
    this.#opener = null;
    this.#home.before(form);
    form.querySelector(".ym-to").hidden = true;
    form.elements.parent.value = "";
    this.#look();
    if (this.#editing) {
      this.#editing = null;
      form.querySelector(".ym-who").hidden = false;
      form.querySelector(".ym-post").textContent = this.#post;
      this.#fill({ content: keep("sessionStorage", this.#draft).content ?? "" });
    } else if (!this.#leave.signal.aborted) this.#typed(form.elements.content);
    if (focuses && opener) (opener.isConnected ? opener : form.elements.content).focus();
  }

  #look(found) {
    const place = this.#form.querySelector(".ym-preview");
    place.hidden = !found;
    place.replaceChildren(...(found?.childNodes ?? []));
  }

  async #submitted(event) {
    const form = event.target;
    const looks = event.submitter?.classList.contains("ym-look");
    if (form !== this.#form && !form.matches(".ym-like")) return;
    event.preventDefault();
    if (this.isBusy) return;
    this.isBusy = true;
    if (form === this.#form) form.setAttribute("aria-busy", "true");
    try {
      if (form !== this.#form) await this.#like(form.firstElementChild);
      else if (looks) this.#look(await fetchPart(`${form.action}/preview`, ".ym-previewed", new FormData(form)));
      else await this.#send();
    } catch {
      if (form === this.#form) this.#say(this.#words.failed);
    } finally {
      this.isBusy = false;
      form.removeAttribute("aria-busy");
    }
  }

  async #ask(path, method = "GET", body, token) {
    const headers = { Accept: "application/json", "Accept-Language": this.#section.lang };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(this.#form.action.replace(/\/comments$/, path), { method, body, headers, credentials: "omit" });
    return [answer.ok, answer.status === 204 ? {} : await answer.json()];
  }

  async #send() {
    const [form, id, mine] = [this.#form, this.#editing, keep("localStorage", "mine")];
    const content = form.elements.content.value;
    const body = new URLSearchParams(new FormData(form));
    const [isFresh, { token } = {}] = (await this.#begun) ?? [];
    if (isFresh) body.set("token", token);
    if (globalThis.crypto?.subtle) body.set("proof", ""); // it can be asked for
    let [isDone, told] = await (id ? this.#ask(`/comments/${id}`, "PATCH", body, this.#tokenOf(id)) : this.#ask("/comments", "POST", body, this.session?.token));
    if (told.error === "proof_required") {
      this.#say(this.#words.proving);
      const again = (proof) => {
        proof ? body.set("proof", proof) : body.delete("proof");
        return this.#ask("/comments", "POST", body, this.session?.token);
      };
      [isDone, told] = await import(`${BASE}/widget/${VERSION}/proof.js`).then(({ prove }) => prove(told.challenge, again), () => again());
    }
    if (!isDone && told.error === "forbidden" && this.session?.token) return this.session.over();
    if (!isDone) return this.#complain(told);
    if (this.session?.token) this.session.wrote(told, content);
    if (id in mine) mine[id].content = content;
    else if (!id) mine[told["wm-id"]] = { token: told["edit-token"], until: Date.now() + EDITABLE_MS, content };
    keep("localStorage", "mine", mine);
    if (!id) {
      this.#begun = null;
      keep("sessionStorage", this.#draft, null);
      form.elements.content.value = "";
    }
    if (this.isAway) this.#goHome();
    if (!id) keep("sessionStorage", this.#draft, null);
    this.#look();
    const isHeld = told["wm-status"] === "held";
    await this.#shown(isHeld ? [this.#words.held, ...(told["wm-reasons"] ?? [])].join(" ") : this.#words[id ? "changed" : "posted"], isHeld || told["wm-id"]);
  }

  // Says what has happened, and puts focus where it has: on the comment, or on the words.
  async #shown(text, id) {
    await this.#host.refresh().catch(() => {});
    this.#say(text);
    const said = this.#form.querySelector(".ym-said");
    const place = this.#section.querySelector(`#c-${id}`) ?? said;
    if (place === said && typeof id === "number") { // a long thread: it stands on another page
      const link = document.createElement("a");
      link.href = `${BASE}/entries/${id}`;
      link.textContent = this.#words.see;
      said.append(" ", link);
    }
    place.tabIndex = -1;
    place.focus();
  }

  #complain({ field, message, error_description: english }) {
    const [said, input] = [this.#form.querySelector(".ym-said"), this.#form.elements[field]];
    this.#say(message ?? english ?? this.#words.failed);
    if (input?.type === "hidden" || !input) return said.focus();
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", said.id);
    input.focus();
  }

  async #remove(button) {
    if (!button.dataset.sure) {
      button.dataset.sure = "1";
      button.textContent = this.#words.sure;
      return;
    }
    const [id, mine] = [idOf(button), keep("localStorage", "mine")];
    this.isBusy = true;
    const [isDone, told] = await this.#ask(`/comments/${id}`, "DELETE", undefined, this.#tokenOf(id)).catch(() => [false, {}]);
    this.isBusy = false;
    if (!isDone) return this.#complain(told);
    delete mine[id];
    delete this.#signed[id];
    keep("localStorage", "mine", mine);
    if (this.isAway) this.#goHome();
    await this.#shown(this.#words.removed);
  }

  async #like(button) {
    const [id, liked, isOn] = [idOf(button), keep("localStorage", "likes"), button.getAttribute("aria-pressed") === "true"];
    const url = button.form.action.split("?")[0];
    const answer = await fetch(url, { method: isOn ? "DELETE" : "POST", headers: { Accept: "application/json" }, credentials: "omit" });
    if (!answer.ok) return;
    const { likes } = await answer.json();
    if (isOn) delete liked[id];
    else liked[id] = 1;
    keep("localStorage", "likes", liked);
    button.setAttribute("aria-pressed", `${!isOn}`);
    const lang = this.#section.lang;
    const forms = JSON.parse(this.#section.dataset.likes);
    const text = forms[new Intl.PluralRules(lang).select(likes)] ?? forms.other;
    button.form.parentElement.querySelector(".ym-likes").textContent = likes ? text.replace("{n}", new Intl.NumberFormat(lang).format(likes)) : "";
  }
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
  #live = document.createElement("div");
  #stream = null;
  #timer = 0;
  #turn = 0; // counts what was asked for: an answer to an earlier question comes too late
  #more = 0; // pages that the reader has added to the first
  #isBegun = false;
  #isNear = false;
  #comments = null; // what the reader writes here
  #leave = null;

  connectedCallback() {
    adopt(this.getRootNode());
    if (!this.shadowRoot) this.#announcer();
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.#begin(), { once: true });
    else this.#begin();
  }

  disconnectedCallback() {
    this.#leave?.abort();
    this.#comments?.leave();
    this.#turn++;
    this.#rest();
  }

  attributeChangedCallback(name, old, value) {
    if (this.#isBegun && old !== value) this.load();
  }

  // What the script itself says stands beside the thread, in a shadow root: no parser and no style of the page meets it.
  #announcer() {
    this.#live.className = "ymateb-live";
    this.#live.part = "status";
    this.#live.role = "status";
    const root = this.attachShadow({ mode: "open" });
    adopt(root);
    root.append(document.createElement("slot"));
  }

  get #service() {
    return this.getAttribute("service") ?? BASE;
  }

  #url(path, more = {}) {
    const wishes = { target: this.getAttribute("target") ?? location.href.split("#")[0], ...more };
    const query = new URLSearchParams(Object.entries(wishes).filter(([, value]) => value));
    return `${this.#service}${path}?${query}`;
  }

  #fetch(wishes) {
    return fetchPart(this.#url("/thread.html", wishes), ".ymateb");
  }

  // The thread as it is now, in the shape in which it stands here.
  async #again() {
    const turn = this.#turn;
    const fresh = await this.#fetch({ ...this.#shape, cursor: Date.now().toString(36) });
    for (let page = 0; page < this.#more; page++) await this.#extend(fresh);
    if (turn !== this.#turn) throw new Error("thread: changed");
    return fresh;
  }

  get #shape() {
    return Object.fromEntries(new URLSearchParams(this.#section.dataset.shape));
  }

  // Adds the next page to a thread that has more; the first of its responses.
  async #extend(section) {
    const next = part(section, ".ym-next");
    if (!next) return null;
    const after = new URL(next.firstElementChild.href).searchParams.get("after");
    const page = await this.#fetch({ ...this.#shape, after, cursor: Date.now().toString(36) });
    const list = part(page, ".ym-top");
    const first = list.firstElementChild;
    part(section, ".ym-top").append(...list.children);
    replace(section, next, part(page, ".ym-next"));
    return first;
  }

  async #readOn(event) {
    const link = event.target.closest(".ym-next a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    try {
      const first = await this.#extend(this.#section);
      this.#more++;
      this.#comments?.decorate(this.#section);
      if (this.#fresh) this.#check();
      first.tabIndex = -1;
      first.focus();
    } catch {
      location.href = link.href;
    }
  }

  #begin() {
    if (!this.isConnected) return;
    this.#isBegun = true;
    const there = this.querySelector(".ymateb");
    there ? this.#take(there) : this.load();
  }

  async load() {
    const turn = ++this.#turn;
    this.#rest();
    const lang = this.getAttribute("lang") ?? this.closest("[lang]")?.lang;
    const [also, level, sort] = ["also", "level", "sort"].map((name) => this.getAttribute(name));
    try {
      const section = await this.#fetch({ lang, within: this.closest(".h-entry") && "h-entry", also, level, sort });
      if (turn !== this.#turn) return;
      this.#more = 0;
      this.replaceChildren(section);
      this.#take(section);
      if (/^#c-\d+$/.test(location.hash)) this.querySelector(location.hash)?.scrollIntoView();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#later(POLL_MS, () => this.load());
      this.dispatchEvent(new CustomEvent("ymateb:error", { bubbles: true, detail: error }));
    }
  }

  #take(section) {
    this.#section = section;
    this.#comments?.leave();
    this.#comments = section.dataset.markup === String(MARKUP) ? new Comments(this, section) : null;
    this.shadowRoot.append(this.#live);
    this.dispatchEvent(new CustomEvent("ymateb:ready", { bubbles: true }));
    this.#leave?.abort();
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    if (section.dataset.markup !== String(MARKUP)) return;
    section.addEventListener("click", (event) => this.#readOn(event), { signal });
    if (this.hasAttribute("still")) return;
    const attend = () => (this.#isNear && !document.hidden ? this.#listen() : this.#rest());
    const watcher = new IntersectionObserver((seen) => {
      this.#isNear = seen.at(-1).isIntersecting;
      attend();
    }, { rootMargin: "50%" });
    watcher.observe(this);
    signal.addEventListener("abort", () => watcher.disconnect());
    document.addEventListener("visibilitychange", attend, { signal });
  }

  // Events only say that there is something; what it is, the fragment says.
  #listen() {
    if (this.#stream) return;
    this.#stream = new EventSource(this.#url("/api/events", { cursor: this.#section.dataset.cursor }));
    for (const name of ["created", "updated", "approved", "hidden", "deleted", "reset"]) this.#stream.addEventListener(name, () => this.#soon());
    this.#stream.onerror = () => {
      if (this.#stream?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      this.#rest();
      this.#later(POLL_MS, () => {
        this.#listen();
        this.#check();
      });
    };
  }

  #later(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  #soon(ms = SETTLE_MS) {
    this.#later(ms, () => this.#check());
  }

  #rest() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#timer);
  }

  async #check() {
    const turn = this.#turn;
    const fresh = await this.#again().catch(() => null);
    if (turn !== this.#turn) return;
    if (!fresh) return this.#stream && this.#soon(AGAIN_MS);
    if (this.#comments?.isBusy) return this.#soon();
    const known = new Set(Array.from(this.#section.querySelectorAll("[id^=c-]"), (item) => item.id));
    const news = [...fresh.querySelectorAll("[id^=c-]")].filter((item) => !known.has(item.id)).length;
    this.#fresh = fresh;
    if (news) this.#announce(news);
    else this.#show();
  }

  // Brings the thread up to date with what the reader has done.
  async refresh() {
    this.#fresh = await this.#again();
    this.#show();
  }

  #announce(count) {
    const lang = this.#section.lang;
    const forms = JSON.parse(this.#fresh.dataset.news);
    const text = (forms[new Intl.PluralRules(lang).select(count)] ?? forms.other).replace("{n}", new Intl.NumberFormat(lang).format(count));
    const button = this.#live.querySelector("button") ?? document.createElement("button");
    button.type = "button";
    button.part = "news";
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
    this.#comments?.follow(fresh);
    for (const name of [".ym-heading", ".ym-reactions"]) replace(here, part(here, name), part(fresh, name));
    replace(here, part(here, ".ym-next"), part(fresh, ".ym-next"), part(here, ".ym-answer"));
    const [old, now] = [part(here, ".ym-answer"), part(fresh, ".ym-answer")];
    if (!part(old, "form") !== !part(now, "form") && !this.#comments?.isAway) {
      replace(here, old, now);
      this.#comments?.begin();
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
