"""Operations of hooks and of the log of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import Part, answer, media, number, operation, path, query, schema

_ID: Final = path("id", "The hook's id.", {"type": "integer"})
_DENIED: Final[Mapping[int, Part | str]] = {401: "NoToken", 403: "Refused"}
_DISABLED: Final = answer("The hook is disabled.", media(json=schema("Problem")))
_LISTING: Final = (
    query("per-page", "", number(1, 50, 200)),
    query("before", "Only deliveries older than the one of this id.", number(0)),
)


def _told(name: str, description: str) -> Part:
    return answer(description, media(json=schema(name)))


def _log(id_: str, summary: str, parameters: tuple[Part, ...], more: Mapping[int, Part | str]) -> Part:
    responses: dict[int, Part | str] = {
        200: _told("Deliveries", "Newest first."),
        304: "Known",
        400: "Malformed",
        **_DENIED,
        **more,
    }
    return {"get": operation(id_, summary, responses, (*parameters, *_LISTING), secured=True)}


HOOKS: Final[Mapping[str, Part]] = {
    "/api/hooks": {
        "get": operation(
            "hooks",
            "Addresses that are told of the site's changes.",
            {200: _told("Hooks", "The list."), 304: "Known", **_DENIED},
            secured=True,
        ),
        "post": operation(
            "addHook",
            "Tell an address of changes from now on.",
            {
                201: _told("NewHook", "The hook, with its secret, which is told only now."),
                400: "Malformed",
                **_DENIED,
                409: answer("The site has as many hooks as it may have.", media(json=schema("Problem"))),
            },
            secured=True,
            body={"required": True, "content": media(json=schema("HookWishes"))},
        ),
    },
    "/api/hooks/{id}": {
        "delete": operation(
            "removeHook",
            "Remove a hook, with its log.",
            {204: answer("It is gone."), **_DENIED, 404: "Missing"},
            (_ID,),
            secured=True,
        )
    },
    "/api/hooks/{id}/test": {
        "post": operation(
            "testHook",
            "Send a message that tells of nothing; to a rebuild hook, a rebuild.",
            {202: _told("Delivery", "It is due now."), **_DENIED, 404: "Missing", 409: _DISABLED},
            (_ID,),
            secured=True,
        )
    },
    "/api/hooks/{id}/rotate": {
        "post": operation(
            "rotateHook",
            "Change the secret; the old one signs beside it for a while.",
            {200: _told("NewHook", "The hook, with its new secret."), 400: "Malformed", **_DENIED, 404: "Missing"},
            (_ID,),
            secured=True,
            body={
                "content": media(
                    json={
                        "type": "object",
                        "properties": {"keep_s": {"type": "integer", "minimum": 0, "maximum": 2_592_000}},
                    }
                )
            },
        )
    },
    "/api/hooks/{id}/enable": {
        "post": operation(
            "enableHook",
            "Tell a hook that was disabled of changes again.",
            {200: _told("Hook", "The hook."), **_DENIED, 404: "Missing"},
            (_ID,),
            secured=True,
        )
    },
    "/api/hooks/{id}/replay": {
        "post": operation(
            "replayHook",
            "Send what happened after a cursor once more, each message under the id that it had.",
            {
                202: _told("Replayed", "They are due now."),
                400: "Malformed",
                **_DENIED,
                404: "Missing",
                409: answer("The hook is disabled, or has nothing to replay.", media(json=schema("Problem"))),
                410: answer("No change has had that cursor.", media(json=schema("Problem"))),
            },
            (_ID, query("cursor", "The last one that is known; without it, from the beginning.")),
            secured=True,
        )
    },
    "/api/hooks/{id}/deliveries": _log("hookDeliveries", "What a hook was sent.", (_ID,), {404: "Missing"}),
    "/api/deliveries": _log(
        "deliveries", "What all hooks were sent, and webmentions that comments sent to other sites.", (), {}
    ),
    "/api/deliveries/{id}/send": {
        "post": operation(
            "sendAgain",
            "Send it again, at once.",
            {202: _told("Delivery", "It is due now."), **_DENIED, 404: "Missing", 409: _DISABLED},
            (path("id", "The delivery's id.", {"type": "integer"}),),
            secured=True,
        )
    },
}
