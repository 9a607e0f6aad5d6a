// Writes the number of responses into every [data-ymateb-count="URL of the post"], with one request for 25 posts.
// data-one, data-two … data-other are texts for the plural forms of its language, with # for the number.
const BASE = import.meta.url.replace(/\/widget\/.*$/, "");
const places = new Map();
for (const element of document.querySelectorAll("[data-ymateb-count]")) {
  const target = element.dataset.ymatebCount || element.href;
  places.set(target, [...(places.get(target) ?? []), element]);
}
for (const rest = [...places.keys()]; rest.length; ) {
  const targets = rest.splice(0, 25);
  fetch(`${BASE}/api/count?${new URLSearchParams(targets.map((target) => ["target[]", target]))}`)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject()))
    .then(
      (counted) => targets.forEach((target) => places.get(target).forEach((element) => write(element, counted.targets?.[target] ?? counted.count))),
      () => {},
    );
}

// A page may say en_GB, or nothing that is a language: then numbers are the browser's.
function known(lang) {
  try {
    return Intl.getCanonicalLocales(lang)[0];
  } catch {
    return undefined;
  }
}

function write(element, count) {
  const lang = known(element.closest("[lang]")?.lang);
  const text = element.dataset[new Intl.PluralRules(lang).select(count)] ?? element.dataset.other ?? "#";
  element.textContent = text.replace("#", count.toLocaleString(lang));
}
