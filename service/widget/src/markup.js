// The thread as it stands in the page: items with the id c-<wm-id>, answers in a list of their own inside.

export const idOf = (element) => parseInt(element.closest("[id^=c-]").id.slice(2));
export const within = (section, id, selector = "") => section.querySelector(`#c-${id}${section.dataset.twin ?? ""}${selector}`);
const own = (list, id) => [...list.children].find((item) => item.id === id);
export const part = (item, selector) => item.querySelector(`:scope > ${selector}`);

const controls = (element) => [...element.querySelectorAll("a, button, summary")];

// Focus stays where it was; what asks once more before it deletes goes on asking.
export function replace(parent, old, fresh, before) {
  if (old && fresh) {
    if (old.isEqualNode(fresh)) return;
    const at = controls(old).indexOf(old.getRootNode().activeElement);
    for (const button of old.querySelectorAll("[data-sure]")) fresh.querySelector(".ym-delete")?.replaceWith(button);
    old.replaceWith(fresh);
    controls(fresh)[at]?.focus();
  } else if (fresh) parent.insertBefore(fresh, before ?? null);
  else old?.remove();
}

// Makes `list` equal to `fresh`, touching only what differs, so that focus, selection and place of the reader survive.
export function bringUpToDate(list, fresh, added) {
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
