"""What becomes of a comment: the spam rules, what the owner wants held, and what was learned from their decisions."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from mentions import options, policy
from mentions.model import EntryState, Protocol, Reaction, Site
from mentions.policy import Judgement
from mentions.storage import entries, learning
from mentions.typed import Suspicion


async def judge(
    c: AsyncConnection, site: Site, reaction: Reaction, target: str, doubt: Suspicion, *, account: int | None = None
) -> Judgement:
    """The state of a comment with these words, and every reason against showing it at once.

    `account`: of whom has signed in."""
    learns = options.read(site.options, "learn")
    spam = await learning.score(c, site.id, reaction, Protocol.COMMENT) if learns else None
    is_known = await _is_known(c, site, reaction, account)
    wanted = policy.judge(site.options, reaction, Protocol.COMMENT, target=target, is_known=is_known, spam=spam)
    if not doubt.holds:
        return replace(wanted, weak=doubt.reasons)
    state = EntryState.SPAM if doubt.is_spam else EntryState.HELD
    return Judgement(state, (*doubt.reasons, *wanted.reasons))


async def is_settled_by_proof(
    c: AsyncConnection, site: Site, reaction: Reaction, target: str, doubt: Suspicion, *, account: int | None = None
) -> bool:
    """Whether the comment would be shown if its writer did a proof of work, and is not without."""
    rest = doubt.after_proof()
    if rest == doubt or doubt.is_spam or not doubt.holds:
        return False
    return (await judge(c, site, reaction, target, rest, account=account)).state is EntryState.SHOWN


async def _is_known(c: AsyncConnection, site: Site, reaction: Reaction, account: int | None) -> bool:
    """Whether it matters that the site has shown something of whoever has signed in, and it has."""
    if not policy.wants_to_know(site.options, Protocol.COMMENT):
        return False
    person = policy.person_of(site.options, reaction, Protocol.COMMENT, "", account)
    return person is not None and await entries.has_shown(c, site.id, site.options, person)
