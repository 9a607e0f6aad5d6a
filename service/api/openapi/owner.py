"""Operations of what a site's owner chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import Part, answer, choice, media, number, operation, query, schema

_DENIED: Final[Mapping[int, Part | str]] = {401: "NoToken", 403: "Refused"}
_SITE: Final = answer("The site, and every option with its value.", media(json=schema("Site")))

OWNER: Final[Mapping[str, Part]] = {
    "/api/site": {
        "get": operation("site", "What the owner has chosen.", {200: _SITE, 304: "Known", **_DENIED}, secured=True),
        "patch": operation(
            "changeSite",
            "Set options; all that are named, or none of them.",
            {200: _SITE, 400: "Malformed", **_DENIED},
            secured=True,
            body={"required": True, "content": media(json=schema("SiteWishes"))},
        ),
    },
    "/api/queue": {
        "get": operation(
            "queue",
            "What waits for approval, and what was taken for spam, oldest first.",
            {
                200: answer("Entries, with the reasons.", media(json=schema("Queue"))),
                304: "Known",
                400: "Malformed",
                **_DENIED,
            },
            (
                query("state", "", choice("held", "spam", "hidden")),
                query("per-page", "", number(1, 50, 500)),
                query("after", "`next` of the page before.", number(0)),
            ),
            secured=True,
        )
    },
}
