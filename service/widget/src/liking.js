// Likes: one of each reader, remembered in the page that they read.

import { keep } from "./keeping.js";
import { idOf } from "./markup.js";
import { counted } from "./words.js";

// Marks what the reader has liked, also in a tree that is not in the page yet.
export function showLiked(section) {
  const liked = keep("localStorage", "likes");
  for (const form of section.querySelectorAll(".ym-like")) form.firstElementChild.setAttribute("aria-pressed", `${idOf(form) in liked}`);
}

// Likes a response, or likes it no more.
export async function like(button, section) {
  const [id, liked, isOn] = [idOf(button), keep("localStorage", "likes"), button.getAttribute("aria-pressed") === "true"];
  const url = button.form.action.split("?")[0];
  const answer = await fetch(url, { method: isOn ? "DELETE" : "POST", headers: { Accept: "application/json" }, credentials: "omit" });
  if (!answer.ok) return;
  const { likes } = await answer.json();
  if (isOn) delete liked[id];
  else liked[id] = 1;
  keep("localStorage", "likes", liked);
  button.setAttribute("aria-pressed", `${!isOn}`);
  const text = likes ? counted(JSON.parse(section.dataset.likes), likes, section.lang) : "";
  button.form.parentElement.querySelector(".ym-likes").textContent = text;
}
