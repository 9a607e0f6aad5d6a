// What the host page keeps for its reader: drafts until the tab is closed, tokens and likes for longer.
export function keep(store, key, value) {
  try {
    if (value === undefined) return JSON.parse(window[store].getItem(`ymateb:${key}`)) ?? {};
    if (value) window[store].setItem(`ymateb:${key}`, JSON.stringify(value));
    else window[store].removeItem(`ymateb:${key}`);
  } catch {
    // storage is off, or full
  }
  return {};
}
