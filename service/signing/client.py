"""Who we are, for servers that are asked to vouch for somebody: a client metadata document (IndieAuth 4.2), and the
same as a page for servers that still read an `h-app`."""

from __future__ import annotations

import orjson
from aiohttp import web

from service import answers, keys
from service.pages import static
from service.pages.answer import render
from service.signing import popup
from service.signing.returning import CALLBACK, CLIENT


def setup(app: web.Application) -> None:
    """Adds the address."""
    app.router.add_get(CLIENT, show)


async def show(request: web.Request) -> web.StreamResponse:
    """GET: the document; HTML for whoever asks for that."""
    base, callback = request.app[keys.SETTINGS].public_url, popup.address(request, CALLBACK)
    logo = f"{base}{static.url_of('mark.svg')}"
    if answers.prefers_html(request):
        context = {"callback": callback, "logo": logo, "home": f"{base}/"}
        return render(request, "sign_in_client.html", context, headers={"Link": f'<{callback}>; rel="redirect_uri"'})
    document = {
        "client_id": popup.address(request, CLIENT),
        "client_name": "Ymateb",
        "client_uri": f"{base}/",
        "logo_uri": logo,
        "redirect_uris": [callback],
    }
    return answers.body_answer(request, orjson.dumps(document), "application/json", headers={"Vary": "Accept"})
