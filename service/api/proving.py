"""Proof of work: who is asked for one, and whether they have done it.

Only browsers whose script says that it can (a field `proof`, empty at first) are asked, and only where the proof makes
a difference: what it cannot settle waits at once.  Everybody else's comment is kept and waits; none is turned away."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import Enum

from aiohttp import web

from mentions import options, proof_of_work
from mentions.errors import ProofRequired
from mentions.model import Site
from mentions.proof_of_work import Challenge
from mentions.typed import Typed
from service import answers, keys
from service.intake.reception import now


class Standing(Enum):
    """How the writer of a comment stands to proofs."""

    UNABLE = "unable"
    """Without a script, or a program; or the owner wants no proofs."""
    ABLE = "able"
    DONE = "done"


async def standing(
    request: web.Request, site: Site, target: str, comment: Typed, fields: Mapping[str, object]
) -> Standing:
    """Whether a proof may be asked for, or came with the comment; one that came is spent by this."""
    sent = fields.get("proof")
    if not isinstance(sent, str) or answers.prefers_html(request) or not options.read(site.options, "proof"):
        return Standing.UNABLE
    if not sent:
        return Standing.ABLE
    subject = proof_of_work.subject_of(target, comment.name, comment.markdown)
    recent = await request.app[keys.SIGNING].recent(now())
    salt = proof_of_work.solved(sent, recent, subject, now())
    is_good = salt is not None and await request.app[keys.PROOFS].spend(salt)
    return Standing.DONE if is_good else Standing.ABLE


async def required(request: web.Request, target: str, comment: Typed, visitor: bytes) -> ProofRequired:
    """The demand for a proof about this comment; the more often the visitor was asked, the more it costs."""
    at = now()
    most = proof_of_work.bound(await request.app[keys.PROOFS].ask(visitor.hex()))
    key = await request.app[keys.SIGNING].current(at)
    challenge = proof_of_work.issue(
        key.name,
        key.secret,
        proof_of_work.subject_of(target, comment.name, comment.markdown),
        salt=secrets.token_hex(12),
        number=secrets.randbelow(most + 1),
        most=most,
        now=at,
    )
    return ProofRequired("Work out the number first, and send it as `proof`.", challenge=_told(challenge))


def _told(challenge: Challenge) -> dict[str, str | int]:
    return {
        "algorithm": proof_of_work.ALGORITHM,
        "salt": challenge.salt,
        "goal": challenge.goal,
        "most": challenge.most,
        "token": challenge.token,
    }
