"""Operations of people who have signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import Part, answer, media, number, operation, query, schema

BY_SESSION: Final[list[Part]] = [{"session": []}]
_REFUSED: Final[Mapping[int, Part | str]] = {401: "NoToken"}


def _of_session(part: Part) -> Part:
    return {**part, "security": BY_SESSION}


SESSIONS: Final[Mapping[str, Part]] = {
    "/api/session": {
        "post": operation(
            "beginSession",
            "A session for the code that a sign-in has ended with, and the verifier of whoever began it.",
            {
                201: answer("The session; its token is told once.", media(json=schema("NewSession"))),
                400: "Malformed",
                401: "NoToken",
                403: "Refused",
                429: "TooMany",
                503: "Unavailable",
            },
            body={"required": True, "content": media(json=schema("Redemption"), form=schema("Redemption"))},
        ),
        "get": _of_session(
            operation("session", "Who one is.", {200: answer("It.", media(json=schema("Session"))), **_REFUSED})
        ),
        "delete": _of_session(operation("endSession", "Sign out.", {204: answer("Signed out."), **_REFUSED})),
    },
    "/api/session/comments": {
        "get": _of_session(
            operation(
                "ownComments",
                "What one has written, with its Markdown, the oldest first.",
                {200: answer("It.", media(json=schema("OwnComments"))), 400: "Malformed", **_REFUSED},
                (
                    query("target", "Only below this page."),
                    query("after", "`next` of the answer before.", number(0)),
                ),
            )
        )
    },
    "/api/session/person": {
        "delete": _of_session(
            operation(
                "erasePerson",
                "Take back all that one has written, be forgotten, and sign out everywhere.",
                {
                    200: answer(
                        "How many comments were taken back.",
                        media(
                            json={
                                "type": "object",
                                "required": ["comments"],
                                "properties": {"comments": {"type": "integer"}},
                            }
                        ),
                    ),
                    **_REFUSED,
                },
            )
        )
    },
}
