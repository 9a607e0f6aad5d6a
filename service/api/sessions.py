"""Sessions of people who have signed in: begun with the code of a pop-up, and what one may ask and undo with them.

A session is of one site.  With it one writes under one's own name, changes and takes back what one wrote
(comments.py), sees all of it, and has it erased.  The token goes into `Authorization` and nowhere else."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from config import logs
from mentions import urls
from mentions.errors import Forbidden, InvalidRequest
from mentions.model import Entry
from mentions.storage import Database, collisions, entries, outages, pages, people, sessions, tokens
from mentions.storage.people import Person
from mentions.storage.sessions import Session
from service import answers, clients, keys, origins
from service.api import jf2, own, threads
from service.api.news import announce, tell
from service.api.tokens import bearer_of
from service.forms import read_fields
from service.intake.reception import now
from service.signing import codes

log = logs.get_logger(__name__)

MOST_COMMENTS: Final = 500
"""Of one answer."""
PER_STEP: Final = 500
OVER: Final = "The session is over; sign in again."


def setup(app: web.Application) -> None:
    """Adds the addresses."""
    app.router.add_post("/api/session", begin)
    app.router.add_get("/api/session", show)
    app.router.add_delete("/api/session", end)
    app.router.add_get("/api/session/comments", show_comments)
    app.router.add_delete("/api/session/person", erase)


# --- for who writes -----------------------------------------------------------------------------------------------


async def writer(request: web.Request) -> Person | None:
    """Who has signed in to write this; None where nobody has.

    Raises Forbidden for a token that is neither a session's nor an owner's: better than to write without the name."""
    if (sent := bearer_of(request)) is None:
        return None
    async with request.app[keys.DB].read() as c:
        session = await sessions.check(c, sent, now=now())
        if session is None and await tokens.check(c, sent, now=now()) is None:
            raise Forbidden(OVER)
    return None if session is None else (await _used(request, session)).person


async def require(request: web.Request) -> Session:
    """The request's session; raises Forbidden."""
    sent = bearer_of(request)
    async with request.app[keys.DB].read() as c:
        session = await sessions.check(c, sent, now=now()) if sent else None
    if session is None:
        raise Forbidden("Nobody has signed in, or the session is over.")
    return await _used(request, session)


async def _used(request: web.Request, session: Session) -> Session:
    """The session, which lasts longer for it; from the pages of its own site only, where a browser says from which."""
    if not await origins.is_of(request, session.person.site_id):
        raise Forbidden("The session is of another site.")
    if session.is_to_be_prolonged(now()):
        prolonging = partial(sessions.prolong, session=session, now=now())
        if (expires_at := await outages.write_if_possible(request.app[keys.DB], prolonging)) is not None:
            return Session(session.id, session.person, expires_at)
    return session


# --- the session itself -------------------------------------------------------------------------------------------


async def begin(request: web.Request) -> web.Response:
    """POST {code, verifier}: the session that a pop-up has ended with; 201 with its token, which is told once."""
    await origins.require_known(request)
    await clients.limit(request, "session", rate=1 / 10, burst=20)
    fields = await read_fields(request)
    code, verifier = fields.get("code"), fields.get("verifier")
    if not isinstance(code, str) or not isinstance(verifier, str):
        raise InvalidRequest("code and verifier are needed, as text")
    proved = await codes.redeem(request.app[keys.FLOWS], code, verifier)
    if urls.origin(request.headers.get("Origin", proved.origin)) != proved.origin:
        raise Forbidden("The code is another page's.")
    async with request.app[keys.DB].write() as c:
        person = await people.welcome(c, proved.site_id, proved.identity, now=now())
        token, expires_at = await sessions.begin(c, person.id, now=now())
    log.info("person.signed_in", person_id=person.id, site_id=person.site_id, way=person.way.value)
    body = {"token": token, "expires_at": jf2.zulu(expires_at), "person": _told(person)}
    return answers.json_answer(request, body, status=201, cache="no-store")


async def show(request: web.Request) -> web.Response:
    """GET: who one is."""
    session = await require(request)
    body = {"expires_at": jf2.zulu(session.expires_at), "person": _told(session.person)}
    return answers.json_answer(request, body, cache="no-store")


async def end(request: web.Request) -> web.Response:
    """DELETE: signs out, this session only."""
    session = await require(request)
    async with request.app[keys.DB].write() as c:
        await sessions.end(c, session.id)
    return web.Response(status=204)


def _told(person: Person) -> dict[str, Any]:
    """Somebody, to themselves."""
    known = {
        "name": person.name,
        "url": jf2.safe_url(person.url),
        "photo": jf2.safe_url(person.photo),
        "email": person.email,
        "by": person.proof.by,
    }
    return {"name": "", "way": person.way.value} | {name: value for name, value in known.items() if value}


# --- what one has written -----------------------------------------------------------------------------------------


async def show_comments(request: web.Request) -> web.Response:
    """GET [?target=URL][&after=wm-id]: what one has written, below one post or anywhere; `next` is the next `after`."""
    session = await require(request)
    after, target = request.query.get("after", "0"), request.query.get("target")
    if not after.isdecimal() or len(after) > 18:
        raise InvalidRequest("after has to be a wm-id")
    page = await threads.find_page(request.app, target) if target else None
    mine: list[people.Written] = []
    async with request.app[keys.DB].read() as c:
        if page is not None or not target:
            page_id = page.id if page else None
            mine = await people.written_by(c, session.person.id, page_id=page_id, after=int(after), limit=MOST_COMMENTS)
        known = await pages.by_ids(c, {each.entry.page_id for each in mine})
    told = [
        own.told(request, each.entry, known[each.entry.page_id])
        | {"markdown": each.markdown}
        | ({"email": each.email} if each.email else {})
        for each in mine
    ]
    following = mine[-1].entry.id if len(mine) == MOST_COMMENTS else None
    return answers.json_answer(request, {"comments": told, "next": following}, cache="no-store")


async def erase(request: web.Request) -> web.Response:
    """DELETE: takes back all that one has written, forgets who one was, and ends every session; `{"comments": n}`.

    Tombstones stay where answers hang below; they say nothing."""
    person = (await require(request)).person
    number, cursors = await collisions.retried(partial(_erase, request.app[keys.DB], person.id))
    for page_id, cursor in cursors.items():
        await announce(request.app, page_id, cursor)
    log.info("person.erased", site_id=person.site_id, comments=number)
    return answers.json_answer(request, {"comments": number}, cache="no-store")


async def _erase(db: Database, person_id: int) -> tuple[int, dict[int, int]]:
    """One transaction: how many comments there were, and the last cursor of each page that has changed."""
    cursors: dict[int, int] = {}
    async with db.write() as c:
        await people.hold(c, person_id)  # what they write at this moment is there already, or will not be
        withdrawn = await _withdraw_all(c, person_id)
        for new, before in withdrawn:  # only now: whoever tells holds up those who have rows that we still need
            cursor = await tell(c, new, before=before)
            cursors |= {} if cursor is None else {new.page_id: cursor}
        await people.forget(c, person_id)
    return len(withdrawn), cursors


async def _withdraw_all(c: AsyncConnection, person_id: int) -> list[tuple[Entry, Entry]]:
    """Takes back everything that somebody has written: each as it is now, and as it was."""
    withdrawn: list[tuple[Entry, Entry]] = []
    after = 0
    while mine := await people.written_by(c, person_id, after=after, limit=PER_STEP, to_change=True):
        after = mine[-1].entry.id
        for each in mine:
            new = await entries.withdraw(c, each.entry.id, now=now(), actor="author")
            withdrawn.append((new, each.entry))
    return withdrawn
