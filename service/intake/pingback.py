"""The pingback endpoint: XML-RPC in, a sentence or a fault out, always HTTP 200 (Pingback 1.0; contract §4).

A caller of XML-RPC expects an outcome, so this waits a little for the worker.  What takes longer is accepted with the
status URL in the sentence, and goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from config import logs
from mentions import urls
from mentions.errors import InvalidRequest, InvalidTarget, YmatebError
from mentions.model import Claim, Outcome, Protocol, Status
from mentions.protocol import pingback
from mentions.storage import claims
from service import keys, problems
from service.intake import reception

log = logs.get_logger(__name__)

_DRAINED_BYTES: Final = 8 << 20
"""So much of a body that is too long is read and dropped, so that its sender hears the answer."""

FAULT: Final[Mapping[Status, int]] = {
    Status.NOT_FOUND: 16,
    Status.GONE: 16,
    Status.FORBIDDEN_ADDRESS: 16,
    Status.NO_LINK_FOUND: 17,
    Status.UNSUPPORTED_CONTENT_TYPE: 17,
    Status.INVALID_CONTENT: 17,
    Status.TOO_LARGE: 17,
    Status.TARGET_NOT_FOUND: 32,
    Status.BLOCKED: 49,
    Status.RETRYING: 50,
    Status.TIMEOUT: 50,
    Status.DNS_ERROR: 50,
    Status.CONNECT_ERROR: 50,
    Status.SSL_ERROR: 50,
    Status.HTTP_ERROR: 50,
    Status.TOO_MANY_REDIRECTS: 50,
}
"""How a claim ended -> the fault that says so.  SUCCESS is none, or 48; DELETED depends on why."""


def setup(app: web.Application) -> None:
    """Adds the endpoint and its drop-in spelling."""
    for path in ("/xmlrpc", "/{site}/xmlrpc"):
        app.router.add_post(path, receive)


async def receive(request: web.Request) -> web.Response:
    """POST: one call."""
    try:
        call = pingback.read_call(await _read_body(request))
        answer = pingback.result(await _ping(request, call.source, call.target))
    except pingback.PingbackFault as fault:
        answer = _fault(request, fault.code, fault.message)
    except YmatebError as error:
        answer = _fault(request, problems.fault_of(error), str(error))
    except Exception:
        log.exception("request.failed", method=request.method, path=request.path)
        answer = _fault(request, pingback.GENERIC, "Something went wrong here; it has been written down.")
    return web.Response(body=answer, headers={"Content-Type": "text/xml; charset=utf-8", "Cache-Control": "no-store"})


def _fault(request: web.Request, code: int, words: str) -> bytes:
    request[keys.PROBLEM] = f"fault {code}"
    return pingback.fault(code, words)


async def _ping(request: web.Request, source: str, target: str) -> str:
    """Takes the pingback in and waits for its outcome: the sentence of a success, else a fault is raised."""
    await reception.limit_client(request)
    try:
        site = await reception.find_site(request, target_url := urls.check_claim_url(target, what="target"))
    except InvalidRequest as error:
        raise InvalidTarget(str(error)) from None
    claim = Claim(
        id=reception.new_claim_id(),
        source=_check_source(source, target_url),
        target=target_url,
        via=Protocol.PINGBACK,
        received_at=reception.now(),
    )
    added = await reception.keep(request, claim, site)
    await request.app[keys.EVENTS].wait_finished(added.id, request.app[keys.TEMPO].pingback_wait_s)
    async with request.app[keys.DB].read() as c:
        outcome = await claims.get(c, added.id)
    return _say(outcome, claim, reception.status_url(request, added.id))


def _check_source(source: str, target: str) -> str:
    """The source as a URL; one that nobody could fetch does not exist."""
    try:
        url = urls.check_claim_url(source, what="source")
    except InvalidRequest as error:
        raise pingback.PingbackFault(16, f"The source URI does not exist: {error}") from None
    if urls.page_key(url) == urls.page_key(target):
        raise InvalidRequest("The source and the target are the same page.")
    return url


def _say(outcome: Outcome | None, claim: Claim, status_url: str) -> str:
    """The outcome as a sentence, or as a fault."""
    if outcome is None:
        return f"Pingback was queued for processing: {status_url}"
    if outcome.status is Status.SUCCESS:
        if not outcome.changed:
            raise pingback.PingbackFault(48, "The pingback has already been registered.")
        return f"Pingback from {claim.source} to {claim.target} was registered: {status_url}"
    raise pingback.PingbackFault(_fault_code(outcome), outcome.summary)


def _fault_code(outcome: Outcome) -> int:
    """A mention that was withdrawn is told by what its page was like: gone, or there without the link; one that the
    owner has removed before is refused."""
    if outcome.status is Status.DELETED:
        if not outcome.changed:
            return 49
        last = outcome.trace.hops[-1].status if outcome.trace.hops else None
        return 16 if last in (404, 410) else 17
    return FAULT.get(outcome.status, 0)


async def _read_body(request: web.Request) -> bytes:
    """The body, cut where it is too long; `read_call` refuses it then."""
    body = bytearray()
    seen = 0
    async for chunk in request.content.iter_chunked(64 * 1024):
        seen += len(chunk)
        if len(body) <= pingback.MAX_CALL_BYTES:
            body += chunk
        if seen > _DRAINED_BYTES:
            break
    if seen > pingback.MAX_CALL_BYTES:
        raise pingback.PingbackFault(pingback.NOT_WELL_FORMED, f"The request is over {pingback.MAX_CALL_BYTES} bytes.")
    return bytes(body)
