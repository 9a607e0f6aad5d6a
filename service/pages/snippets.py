"""What to copy into generators and edges: the snippets whose own braces a template would stumble over."""

from __future__ import annotations

from typing import Final

HUGO: Final = """\
{{ $query := querify "target" .Permalink "lang" .Language.Lang "within" "h-entry" }}
<ymateb-thread target="{{ .Permalink }}" lang="{{ .Language.Lang }}">
{{ with try (resources.GetRemote (printf "BASE/thread.html?%s" $query)) }}
  {{ with .Value }}{{ .Content | safeHTML }}{{ end }}
{{ end }}
</ymateb-thread>
<script type="module" src="BASE/widget.js"></script>"""

ELEVENTY: Final = """\
import Fetch from "@11ty/eleventy-fetch";

export default function (config) {
  config.addAsyncShortcode("responses", async (target, lang = "en") => {
    const query = new URLSearchParams({ target, lang, within: "h-entry" });
    const thread = await Fetch(`BASE/thread.html?${query}`, { duration: "5m", type: "text" });
    return `<ymateb-thread target="${target}" lang="${lang}">${thread}</ymateb-thread>
<script type="module" src="BASE/widget.js"></script>`;
  });
}"""

ELEVENTY_USE: Final = '{% responses "https://example.com" + page.url, "en" %}'

EDGE: Final = """\
# nginx
location /posts/ { ssi on; }
location = /responses {
  internal;
  proxy_pass BASE/thread.html;
  proxy_set_header Accept-Encoding "";
  proxy_ssl_server_name on;
}

<!-- in the page, for nginx -->
<ymateb-thread target="https://example.com/post">
  <!--# include virtual="/responses?target=https%3A%2F%2Fexample.com%2Fpost&within=h-entry" -->
</ymateb-thread>

<!-- in the page, for ESI (Varnish, Fastly, Akamai) -->
<esi:include src="BASE/thread.html?target=https%3A%2F%2Fexample.com%2Fpost&amp;within=h-entry"/>"""


def snippets(base: str) -> dict[str, str]:
    """Name -> snippet, for the service at `base`."""
    return {
        "hugo": HUGO.replace("BASE", base),
        "eleventy": ELEVENTY.replace("BASE", base),
        "use": ELEVENTY_USE,
        "edge": EDGE.replace("BASE", base),
    }
