// What comes from the service, and how it is checked before it may stand in somebody's page.

// What may come into the page. The service has sanitised it already; this is the second lock.
const ELEMENTS = new Set(
  ("a abbr article b bdi bdo blockquote br button cite code data dd del details dfn div dl dt em figcaption figure footer form h1 h2 h3 h4 h5 h6 " +
    "header hr i img input ins kbd label li mark ol p path pre q rect rp rt ruby s samp section small span strong sub summary " +
    "sup svg table tbody td textarea tfoot th thead time tr u ul var wbr").split(" "),
);
const ATTRIBUTES = new Set(
  ("accept-charset action alt autocomplete cite class colspan d datetime dir fill for height hidden href id lang loading maxlength method " +
    "inputmode name open placeholder rel required reversed role rows rowspan scope src start tabindex title type value viewbox width").split(" "),
);
const ADDRESSES = new Set(["href", "src", "action", "cite"]);

function isHarmless({ name, value }) {
  const known = ATTRIBUTES.has(name.toLowerCase()) || /^(aria|data)-[a-z-]+$/.test(name);
  return known && (!ADDRESSES.has(name) || /^(https?:|mailto:|#)/i.test(value));
}

// Leaves of a parsed, inert tree only what is on the lists above.
function clean(tree) {
  for (const element of [...tree.querySelectorAll("*"), tree]) {
    if (!ELEMENTS.has(element.localName)) element.remove();
    else for (const attribute of [...element.attributes]) isHarmless(attribute) || element.removeAttribute(attribute.name);
  }
  return tree;
}

// A document is parsed by the request itself: that is no injection sink, so no Trusted Types policy is needed.
export function fetchPart(url, selector, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.timeout = 20_000;
    request.onload = () => {
      const section = request.status === 200 && request.response?.querySelector(selector);
      section ? resolve(document.importNode(clean(section), true)) : reject(new Error(`thread: ${request.status}`));
    };
    request.onerror = request.ontimeout = () => reject(new Error("thread: unreachable"));
    request.open(body ? "POST" : "GET", url);
    if (body) request.setRequestHeader("Accept", "text/html");
    request.send(body);
  });
}
