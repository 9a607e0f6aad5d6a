// Where this script has come from: its version, and the service that hands it out.

export const VERSION = "__VERSION__";
export const BASE = import.meta.url.replace(/\/widget(\.js|\/).*$/, "");

// A module of the same version that most readers never need.
export const later = (name) => import(`${BASE}/widget/${VERSION}/${name}`);
