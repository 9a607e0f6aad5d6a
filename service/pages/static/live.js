// A webmention that is sent from one of our pages: shows what becomes of it in place, and follows it until it has ended.
// Without this script the form goes to the status page, which says the same.

const EVERY_MS = 700;
const SLOWER_MS = 5_000;
const lang = document.documentElement.lang;

function ask(method, url, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.timeout = 20_000;
    request.setRequestHeader("Accept", "text/html");
    request.onload = () => (request.response ? resolve(request) : reject(new Error("no document")));
    request.onerror = request.ontimeout = () => reject(new Error("unreachable"));
    request.send(body);
  });
}

function inOurTongue(url) {
  const address = new URL(url);
  address.searchParams.set("lang", lang);
  return address.href;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function follow(place, url) {
  const address = inOurTongue(url);
  for (let tries = 0; ; tries += 1) {
    const request = await ask("GET", address).catch(() => null);
    const fresh = request?.response.querySelector("#status, #problem");
    const shown = place.firstElementChild;
    if (fresh && !(shown && shown.isEqualNode(fresh))) place.replaceChildren(document.importNode(fresh, true));
    if (fresh && !fresh.hasAttribute("data-waiting")) return;
    await pause(tries < 40 ? EVERY_MS : SLOWER_MS);
  }
}

for (const form of document.querySelectorAll("form[data-send]")) {
  const place = form.querySelector("[data-result]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const request = await ask("POST", form.action, new URLSearchParams(new FormData(form)));
      const told = request.response.querySelector("#status, #problem");
      if (!told) throw new Error("not understood");
      place.replaceChildren(document.importNode(told, true));
      if (told.id === "status") await follow(place, request.responseURL);
    } catch {
      form.submit();
    } finally {
      button.disabled = false;
    }
  });
}

const standing = document.querySelector("[data-result] > [data-waiting]");
if (standing) follow(standing.parentElement, location.href);
