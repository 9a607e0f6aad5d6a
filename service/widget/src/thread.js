// <ymateb-thread target="…" lang="…">: puts a thread into the page, or takes over the one that is there.
// Contract: no third party, no cookie, no inline style, nothing that Trusted Types would stop, no rendering of its own:
// all words and all markup come from GET /thread.html, which this script reads, checks and places.

import { Comments } from "./comments.js";
import { fetchPart } from "./fetching.js";
import { bringUpToDate, part, replace } from "./markup.js";
import { BASE, later } from "./origin.js";
import { adopt } from "./styles.js";
import { counted } from "./words.js";

const MARKUP = "3"; // the markup that this script knows how to bring up to date
const POLL_MS = 60_000;
const SETTLE_MS = 400; // events come in bursts
const AGAIN_MS = 5_000; // until a thread that could not be fetched is asked for again

const MOST_STREAMS = 3; // of a page: without HTTP/2 a browser has six connections to a host

const streams = new Set();
let twins = 1;

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
  #twin = ""; // what its ids end in, if another element shows the same thread
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

  async #fetch(wishes) {
    return this.#single(await fetchPart(this.#url("/thread.html", wishes), ".ymateb"));
  }

  // No two elements of a page may have one id.
  async #single(section) {
    const other = this.getRootNode().getElementById?.(section.getAttribute("aria-labelledby"));
    if (other && !this.contains(other)) this.#twin ||= `-${++twins}`;
    if (this.#twin) await later("twins.js").then(({ rename }) => rename(section, this.#twin), () => {});
    return section;
  }

  // The thread as it is now, in the shape in which it stands here.
  async #again() {
    const turn = this.#turn;
    const fresh = await this.#fetch(this.#shape);
    for (let page = 0; page < this.#more; page++) await this.#extend(fresh);
    if (turn !== this.#turn) throw new Error("thread: changed");
    return fresh;
  }

  get #shape() {
    return { ...Object.fromEntries(new URLSearchParams(this.#section.dataset.shape)), cursor: Date.now() };
  }

  // Adds the next page to a thread that has more; the first of its responses.
  async #extend(section) {
    const next = part(section, ".ym-next");
    if (!next) return null;
    const after = new URL(next.firstElementChild.href).searchParams.get("after");
    const page = await this.#fetch({ ...this.#shape, after });
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
    if (there) this.#single(there).then(() => this.contains(there) && this.#take(there));
    else this.load();
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
    const isKnown = section.dataset.markup === MARKUP;
    this.#comments = isKnown ? new Comments(this, section) : null;
    this.shadowRoot.append(this.#live);
    this.dispatchEvent(new CustomEvent("ymateb:ready", { bubbles: true }));
    this.#leave?.abort();
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    if (!isKnown) return;
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
    const again = () => {
      this.#rest();
      this.#later(POLL_MS, () => {
        this.#listen();
        this.#check();
      });
    };
    if (streams.size >= MOST_STREAMS) return again();
    this.#stream = new EventSource(this.#url("/api/events", { cursor: this.#section.dataset.cursor }));
    for (const name of ["created", "updated", "approved", "hidden", "deleted", "reset"]) this.#stream.addEventListener(name, () => this.#soon());
    streams.add(this.#stream);
    this.#stream.onerror = () => this.#stream?.readyState === EventSource.CLOSED && again(); // else it tries again by itself
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
    streams.delete(this.#stream);
    this.#stream = null;
    clearTimeout(this.#timer);
  }

  async #check() {
    const turn = this.#turn;
    const fresh = await this.#again().catch(() => null);
    if (turn !== this.#turn) return;
    if (!fresh || this.#comments?.isBusy) return this.#stream && this.#soon(fresh ? SETTLE_MS : AGAIN_MS); // else the next poll does
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
    const text = counted(JSON.parse(this.#fresh.dataset.news), count, lang);
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
