// Signing in, for readers who do: loaded when somebody presses the button, or has signed in before.
// The pop-up on the service's origin ends with a code; with the verifier that only this page has, it is a session.

const CLOSED_MS = 500;
const BACK = /^#ymateb-code=([\w-]+)$/; // what the pop-up comes back with, when it has lost the window that opened it

const states = {}; // storage key -> who has signed in: the same for every thread of the page, and for its other windows

addEventListener("storage", ({ key }) => {
  if (!key?.startsWith("ymateb:session:")) return;
  delete states[key.slice(7)];
  document.dispatchEvent(new Event("ymateb:session"));
});

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export class Session {
  mine = {}; // wm-id -> Markdown of what they have written below this post
  #form;
  #keep;
  #changed;
  #store;

  // `keep` reads and writes the page's storage; `changed` draws what depends on who has signed in.
  constructor(form, store, keep, changed) {
    this.#keep = keep;
    this.#changed = changed;
    this.#store = store;
    this.take(form);
  }

  get #state() {
    return (states[this.#store] ??= this.#keep("localStorage", this.#store));
  }

  get token() {
    return this.#state.token;
  }

  get #place() {
    return this.#form.querySelector(".ym-session");
  }

  get #words() {
    return JSON.parse(this.#place.dataset.words);
  }

  get #service() {
    return this.#form.action.replace(/\/api\/comments$/, "");
  }

  // The form that is there now: threads are drawn anew.
  take(form) {
    this.#form = form;
    if (!this.token) this.mine = {};
    this.#show();
    this.#changed();
  }

  #say(text) {
    this.#form.querySelector(".ym-said").textContent = text;
  }

  #button(name, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `ym-plain ym-${name}`;
    button.textContent = this.#words[name];
    if (act) button.addEventListener("click", () => act(button));
    return button;
  }

  // Who one is, instead of the fields that ask for it; what is not asked for is not sent either.
  #show() {
    const { person } = this.#state;
    for (const input of this.#form.querySelectorAll(".ym-who input")) {
      const isAsked = !person || (input.name !== "email" && !person.name);
      input.disabled = !isAsked;
      input.parentElement.hidden = !isAsked;
    }
    const isOff = "off" in this.#place.dataset; // for those who have not signed in before
    this.#place.hidden = isOff && !person;
    if (!person) return this.#place.replaceChildren(...(isOff ? [] : [this.#button("sign-in")]));
    const [said, who] = [document.createElement("span"), document.createElement("bdi")];
    const name = person.name || person.email || person.by;
    who.textContent = person.by && person.by !== name ? `${name} (${person.by})` : name;
    const [before, after] = this.#words.as.split("{name}");
    said.append(before, who, after);
    const out = this.#button("sign-out", () => this.#leave("/api/session"));
    this.#place.replaceChildren(said, out, this.#button("forget", (button) => this.#forget(button)));
  }

  async #ask(path, method = "GET", body) {
    const headers = { Accept: "application/json", "Accept-Language": this.#form.elements.lang.value };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const answer = await fetch(this.#service + path, { method, body, headers, credentials: "omit" });
    if (answer.status === 401) this.#become(null);
    return answer.ok ? (answer.status === 204 ? {} : answer.json()) : Promise.reject(new Error(`session: ${answer.status}`));
  }

  #become(state) {
    states[this.#store] = state ?? {};
    this.#keep("localStorage", this.#store, state);
    document.dispatchEvent(new Event("ymateb:session"));
  }

  // Somebody writes, and their session has ended meanwhile.
  over() {
    this.#become(null);
    this.#say(this.#words.over);
    (this.#place.firstElementChild ?? this.#form.elements.content).focus();
  }

  // What one may change here.
  async load() {
    await this.#comeBack();
    if (!this.token) return;
    const target = this.#form.elements.target.value;
    for (let after = 0; after !== null; ) {
      const { comments, next } = await this.#ask(`/api/session/comments?${new URLSearchParams({ target, after })}`);
      for (const comment of comments) this.mine[comment["wm-id"]] = comment.markdown;
      after = next;
    }
    this.#changed();
  }

  // `popup` was opened by the press of the button itself: later browsers would not let us.
  async signIn(popup) {
    if (!popup) return this.#say(this.#words.blocked);
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(48)));
    const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
    const { target, lang } = this.#form.elements;
    const page = location.href.split("#")[0];
    const asked = { target: target.value, origin: location.origin, challenge, lang: lang.value, page };
    this.#keep("localStorage", "sign-in", { verifier });
    popup.location.replace(`${this.#service}/sign-in?${new URLSearchParams(asked)}`);
    const code = await this.#codeOf(popup);
    if (!code) return;
    popup.close();
    await this.#redeem(code, verifier);
    this.#say(this.#words.welcome);
    this.#form.elements.content.focus();
  }

  async #redeem(code, verifier) {
    this.#keep("localStorage", "sign-in", null);
    const { token, person } = await this.#ask("/api/session", "POST", new URLSearchParams({ code, verifier }));
    this.#become({ token, person });
  }

  // The pop-up has become this page, because a provider (or this page) cuts windows off from those that open them. The
  // code is for whoever has the verifier: that the other window has kept; it hears of the session by what is stored.
  async #comeBack() {
    const [, code] = BACK.exec(location.hash) ?? [];
    if (!code) return;
    history.replaceState(history.state, "", location.href.split("#")[0]);
    const { verifier } = this.#keep("localStorage", "sign-in");
    const isIn = verifier && (await this.#redeem(code, verifier).then(() => true, () => false));
    this.#say(isIn ? this.#words.back : this.#words.over);
    this.#form.querySelector(".ym-said").focus();
  }

  // Only this window may say it, and only while it shows a page of the service; nothing, when it was closed.
  #codeOf(popup) {
    const origin = new URL(this.#service).origin;
    return new Promise((resolve) => {
      const leave = new AbortController();
      const end = (code) => {
        clearInterval(timer);
        leave.abort();
        resolve(code);
      };
      const hear = ({ source, origin: from, data }) => {
        if (source === popup && from === origin && data?.type === "ymateb:signed-in" && typeof data.code === "string") end(data.code);
      };
      // The message of a window that has closed itself comes before the next look.
      let wasClosed = false;
      const look = () => (wasClosed ? end() : (wasClosed = popup.closed));
      const timer = setInterval(look, CLOSED_MS);
      addEventListener("message", hear, { signal: leave.signal });
    });
  }

  // What was just sent, and the name that came with it.
  wrote({ "wm-id": id, author }, markdown) {
    this.mine[id] = markdown;
    const { person } = this.#state;
    if (!person || person.name) return;
    person.name = author.name;
    this.#keep("localStorage", this.#store, this.#state);
    this.#show();
  }

  async #leave(path) {
    const told = await this.#ask(path, "DELETE").catch(() => null);
    if (!told) return this.#say(this.token ? this.#words.failed : this.#words.over);
    this.#become(null);
    this.#say(this.#words.bye);
    (this.#place.firstElementChild ?? this.#form.elements.content).focus();
    return told;
  }

  // Everything that one has written on this site: asks once more before.
  async #forget(button) {
    if (!button.dataset.sure) {
      button.dataset.sure = "1";
      button.textContent = this.#words.sure;
      return;
    }
    if (await this.#leave("/api/session/person")) this.#say(this.#words.forgotten);
  }
}
