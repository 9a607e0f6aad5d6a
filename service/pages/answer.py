"""A template as an HTTP answer: which language, which security policy, what may frame it, what may keep it.

`render` is what every other module of the service uses to answer a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from service import answers, i18n, keys
from service.pages import static
from service.pages.stamp import stamped
from service.pages.templating import render as render_template
from service.widget import release

HTML: Final = "text/html"
NOBODY: Final = "'none'"
ANYBODY: Final = "*"


def render(
    request: web.Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    framed_by: str = NOBODY,
    token: str | None = None,
) -> web.Response:
    """A page in the language of the request, under the strict policy of all our pages.

    Every template knows: `lang`, `locale` (its catalogue), `base` (the public URL), `root` (the path in it), `tongues`
    (language -> its own name and the URL of this page in it), `asset` (name -> URL of a static file), `widget` (its
    current files), `has_demo`.  `lang` in the context overrides what the request prefers."""
    facts = dict(context or {})
    lang = facts.get("lang") or language_of(request)
    html = render_template(template, lang, **{**page_facts(request, lang), **facts})
    return html_answer(request, html, status=status, headers=headers, framed_by=framed_by, token=token)


def html_answer(
    request: web.Request,
    html: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    framed_by: str = NOBODY,
    token: str | None = None,
) -> web.Response:
    """HTML of ours with its policy, an ETag, and 304 for who has it.  `token` goes into the form for comments."""
    out = {
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Encoding, Accept-Language",
        "Content-Security-Policy": policy(request, framed_by=framed_by),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        **(headers or {}),
    }
    body, weak_etag = html.encode(), None
    if token is not None:
        body, weak_etag = stamped(body, token)
    return answers.body_answer(request, body, HTML, status=status, headers=out, weak_etag=weak_etag)


def language_of(request: web.Request) -> str:
    """`lang` of the query, else what the browser asks for, else English."""
    return (
        i18n.spoken(request.query.get("lang"))
        or i18n.preferred(request.headers.get("Accept-Language", ""))
        or i18n.SOURCE_LANGUAGE
    )


def policy(request: web.Request, *, framed_by: str = NOBODY) -> str:
    """The Content-Security-Policy of our pages: everything from here, nothing inline, Trusted Types with no policy."""
    here = _sources(request)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {here}",
            f"style-src {here}",
            f"img-src {here} data:",
            f"connect-src {here}",
            f"form-action {here}",
            f"frame-ancestors {framed_by}",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _sources(request: web.Request) -> str:
    """`'self'`, and the public URL's origin where we are reached by another name (127.0.0.1 for localhost)."""
    public = urlsplit(request.app[keys.SETTINGS].public_url)
    return "'self'" if request.host == public.netloc else f"'self' {public.scheme}://{public.netloc}"


def page_facts(request: web.Request, lang: str) -> dict[str, Any]:
    """What every template of a whole page may use."""
    settings = request.app[keys.SETTINGS]
    prefix = urlsplit(settings.public_url).path
    current = release.current()
    return {
        "lang": lang,
        "base": settings.public_url,
        "root": prefix,
        "tongues": _tongues(request),
        "asset": lambda name: f"{prefix}{static.url_of(name)}",
        "widget": {
            "script": f"{prefix}/widget/{current.version}/thread.js",
            "integrity": current.files["thread.js"].integrity,
            "styles": f"{prefix}/widget/{current.version}/thread.css",
            "version": current.version,
        },
        "has_demo": settings.demo_is_on,
    }


def own_path(request: web.Request) -> str:
    """The path of this request, for a link on our own host: as a browser reads it, `//` would lead to another one, and
    so would `/\\`."""
    prefix = urlsplit(request.app[keys.SETTINGS].public_url).path
    return f"{prefix}/{quote(request.path, safe='/:').lstrip('/')}"


def _tongues(request: web.Request) -> dict[str, tuple[str, str]]:
    rest = [(name, value) for name, value in request.query.items() if name != "lang"]
    return {
        lang: (name, f"{own_path(request)}?{urlencode([*rest, ('lang', lang)])}") for lang, name in i18n.names().items()
    }


def advertised(request: web.Request) -> dict[str, str]:
    """Headers that tell where a page's responses are taken: Webmention 3.1.2, Pingback 1.0 §2.1."""
    base = request.app[keys.SETTINGS].public_url
    return {"Link": f'<{base}/webmention>; rel="webmention"', "X-Pingback": f"{base}/xmlrpc"}
