"""Operations of comments, likes and copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.openapi.parts import STRING, Part, answer, media, operation, path, query, schema
from service.api.openapi.sessions import BY_SESSION

_ID: Final = path("id", "`wm-id`", {"type": "integer"})
_COMMENT_BODY: Final[Part] = {
    "required": True,
    "content": media(json=schema("NewComment"), form=schema("NewComment"), multipart=schema("NewComment")),
}
_WORDS_BODY: Final[Part] = {"required": True, "content": media(json=schema("Words"), form=schema("Words"))}
_KEPT: Final = "The entry, with `wm-status`."
_DENIED: Final[Mapping[int, Part | str]] = {401: "NoToken", 403: "Refused", 404: "Missing"}
_OWN: Final[Mapping[int, Part | str]] = {
    401: "NoToken",
    403: "Refused",
    404: "Missing",
    409: answer("The comment has been deleted.", media(json=schema("Problem"))),
}


_UNDO: Final = query("undo", "With any value: takes the like back, for forms, which cannot DELETE.")


def _liking(id_: str, summary: str, *more: Part) -> Part:
    responses: dict[int, Part | str] = {
        200: answer("How many like it.", media(json=schema("Likes"))),
        303: answer("The same, for a form: back to the thread."),
        403: "Refused",
        404: "Missing",
        429: "TooMany",
        503: "Unavailable",
    }
    return operation(id_, summary, responses, (_ID, *more))


WRITING: Final[Mapping[str, Part]] = {
    "/api/comments": {
        "post": operation(
            "addComment",
            "Leave a comment below a post.  Browsers may write from the pages of registered sites.",
            {
                201: answer(
                    "The entry, with `wm-status` and its `edit-token`, which is told once.",
                    media(json=schema("OwnComment")),
                    headers={"Location": {"description": "Permalink.", "schema": STRING}},
                ),
                303: answer("The same, for a form: back to the thread."),
                400: "Malformed",
                401: answer("The session is over, or of another site.", media(json=schema("Problem"))),
                403: "Refused",
                428: answer(
                    "Only for who sends `proof`: find the number of at most `most` whose SHA-256, after `salt`, is "
                    "`goal`, and send the same again with `proof` as `token`, a dot, and the number.",
                    media(json=schema("ProofRequired")),
                ),
                429: "TooMany",
                503: "Unavailable",
            },
            body=_COMMENT_BODY,
        )
        | {"security": [*BY_SESSION, {}]}
    },
    "/api/comments/token": {
        "get": operation(
            "formToken",
            "A token of this moment for the form below `target`, for when somebody begins to write.",
            {
                200: answer("The token, and for how many seconds it is good.", media(json=schema("FormToken"))),
                400: "Malformed",
                503: "Unavailable",
            },
            (query("target", "The page that the comment is for.", required=True),),
        )
    },
    "/api/comments/preview": {
        "post": operation(
            "previewComment",
            "What Markdown will look like; nothing is kept.",
            {
                200: answer("Rendered.", media(json=schema("Rendered"))),
                400: "Malformed",
                403: "Refused",
                429: "TooMany",
                503: "Unavailable",
            },
            body=_WORDS_BODY,
        )
    },
    "/api/comments/{id}": {
        "patch": operation(
            "changeComment",
            "Other words: with the edit token for 15 minutes; with the author's session; as a moderator.",
            {
                200: answer(_KEPT, media(json=schema("OwnComment"))),
                400: "Malformed",
                **_OWN,
                429: "TooMany",
                503: "Unavailable",
            },
            (_ID,),
            secured=True,
            body=_WORDS_BODY,
        ),
        "delete": operation(
            "removeComment",
            "Take it back; who may is as for changing it.",
            {204: answer("It is gone."), **_OWN},
            (_ID,),
            secured=True,
        ),
    },
    "/api/entries/{id}/like": {
        "post": _liking("like", "Like it, once per visitor.", _UNDO),
        "delete": _liking("unlike", "Take the like back."),
    },
    "/api/entries/{id}/split": {
        "post": operation(
            "split",
            "Show copies apart that were taken for one response, for good.",
            {200: answer("The entries of which that is news.", media(json=schema("Split"))), **_DENIED},
            (_ID,),
            secured=True,
        )
    },
}
