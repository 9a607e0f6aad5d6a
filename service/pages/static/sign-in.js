// The pop-up of a sign-in: goes on by itself, waits, and hands what it ends with to the page that opened it.
// It tells nothing to any other page: the code is posted to exactly the origin that asked for it.

const EVERY_MS = 1_500;
const CLOSE_MS = 1_500; // whoever opened us closes us; if not, we do
const main = document.querySelector("main");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function show(name) {
  for (const part of main.querySelectorAll("[data-while]")) part.hidden = part.dataset.while !== name;
  main.querySelector(`[data-while="${name}"] h1`)?.focus();
}

// Whether a page of that origin has led here; pages of `no-referrer` do not say so.
function isFrom(origin) {
  return document.referrer.startsWith(`${origin}/`);
}

// Of this tab: the challenge of the flow that a page of the named origin has begun here.
function begun(challenge) {
  try {
    if (challenge) sessionStorage.setItem("ymateb:begun", challenge);
    return sessionStorage.getItem("ymateb:begun");
  } catch {
    return null; // storage is off
  }
}

// Who has lost the opener, because a page on the way or the opener's own cuts windows off, goes there instead: but not
// in a flow of somebody else's, who may know a redirect of that origin, which would carry the code on.
async function hand(code, { origin, page, challenge }) {
  if (!window.opener && page && begun() === challenge) return location.replace(`${page}#ymateb-code=${code}`);
  if (!window.opener) return show("lost");
  show("done");
  window.opener.postMessage({ type: "ymateb:signed-in", code }, origin);
  await pause(CLOSE_MS);
  window.close();
}

async function wait({ flow, wait: url, challenge }) {
  for (;;) {
    await pause(EVERY_MS);
    const answer = await fetch(url, { method: "POST", body: new URLSearchParams({ flow }) }).catch(() => null);
    if (!answer?.ok) continue; // for a moment: the page says how long it waits, and the service when that is over
    const { state, code, origin, page } = await answer.json();
    if (state === "done") return hand(code, { origin, page, challenge });
    if (state === "over") return show("over");
  }
}

const go = main.querySelector("[data-go]");
if (go) location.replace(go.href);
else if (main.dataset.code) hand(main.dataset.code, main.dataset);
else if (main.dataset.flow) wait(main.dataset);
else if (main.dataset.begins && isFrom(main.dataset.origin)) begun(main.dataset.begins);
