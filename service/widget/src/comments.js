// Writing, answering, editing and deleting.  One form does it all, and goes to where it is used.

import { fetchPart } from "./fetching.js";
import { keep } from "./keeping.js";
import { like, showLiked } from "./liking.js";
import { idOf, within } from "./markup.js";
import { BASE, later } from "./origin.js";

const EDITABLE_MS = 15 * 60_000;

export class Comments {
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
    document.addEventListener("ymateb:session", () => this.#form && this.#meet(), { signal });
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
    const link = parent && within(this.#section, +parent, " > article .ym-does a");
    if (link) this.#answer(link, parent);
  }

  // Who has signed in is a module's business that most readers never need.
  async #meet(act, popup) {
    const [place, store] = [this.#form.querySelector(".ym-session"), `session:${this.#form.action}`];
    if (!place || !globalThis.crypto?.subtle) return;
    place.hidden = !place.firstChild;
    if (!act && !keep("localStorage", store).token && !/^#ymateb-code=/.test(location.hash)) return this.session?.take(this.#form);
    try {
      const { Session } = await later("signin.js");
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
    showLiked(section);
    const [mine, now] = [keep("localStorage", "mine"), Date.now()];
    const open = Object.entries(mine).filter(([, { until }]) => until > now);
    if (open.length < Object.keys(mine).length) keep("localStorage", "mine", open.length ? Object.fromEntries(open) : null);
    const ids = new Set(this.#form && [...open.map(([id]) => id), ...Object.keys(this.#signed)]);
    for (const span of section.querySelectorAll(".ym-own-does")) ids.delete(`${idOf(span)}`) || span.remove(); // focus may be there
    for (const id of ids) {
      const span = document.createElement("span");
      span.className = "ym-own-does";
      for (const name of ["edit", "delete"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = `ym-plain ym-${name}`;
        button.textContent = this.#words[name];
        span.append(button, " ");
      }
      within(section, id, " > article > .ym-does")?.append(span);
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
      if (form !== this.#form) await like(form.firstElementChild, this.#section);
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
      [isDone, told] = await later("proof.js").then(({ prove }) => prove(told.challenge, again), () => again());
    }
    if (!isDone && told.error === "forbidden" && this.session?.token) return this.session.over();
    if (!isDone) return this.#complain(told);
    if (this.session?.token) this.session.wrote(told, content);
    if (id in mine) mine[id].content = content;
    else if (!id) mine[told["wm-id"]] = { token: told["edit-token"], until: Date.now() + EDITABLE_MS, content };
    keep("localStorage", "mine", mine);
    if (!id) {
      this.#begun = null;
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
    const place = within(this.#section, id) ?? said;
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
}
