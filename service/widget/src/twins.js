// A second thread of one post in one page: its ids, and what refers to them, end otherwise than those of the first.

export function rename(section, twin) {
  section.dataset.twin = twin;
  section.removeAttribute("aria-labelledby"); // one landmark of that name is enough
  for (const element of section.querySelectorAll("*")) {
    for (const name of ["id", "for", "aria-describedby"]) {
      if (element.hasAttribute(name)) element.setAttribute(name, element.getAttribute(name) + twin);
    }
  }
}
