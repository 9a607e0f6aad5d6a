// The styles, which come with the script: the document or shadow root that a thread stands in adopts them.

const STYLES = "__STYLES__";

let sheet;

export function adopt(root) {
  sheet ??= new CSSStyleSheet();
  if (!sheet.cssRules.length) sheet.replaceSync(STYLES);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
