// Writes the number of responses into every [data-ymateb-count="URL of the post"].
// data-one, data-two … data-other are texts for the plural forms of its language, with # for the number.
const BASE = import.meta.url.replace(/\/widget\/.*$/, "");
const counts = {};
for (const element of document.querySelectorAll("[data-ymateb-count]")) {
  const target = element.dataset.ymatebCount || element.href;
  counts[target] ??= fetch(`${BASE}/api/count?target=${encodeURIComponent(target)}`).then((answer) => (answer.ok ? answer.json() : Promise.reject()));
  counts[target].then(
    ({ count }) => {
      const lang = element.closest("[lang]")?.lang || undefined;
      const text = element.dataset[new Intl.PluralRules(lang).select(count)] ?? element.dataset.other ?? "#";
      element.textContent = text.replace("#", count.toLocaleString(lang));
    },
    () => {},
  );
}
