"""Does one host answer many pages in a short time, or say the same words from one page after another?

Looked at only for sites whose owners hold something, so that nobody else pays for it.  Hashes in Redis, for an hour and
for a day (`mentions/streams/traces.py`); what follows from it is `mentions/policy.py`'s business."""

from __future__ import annotations

from mentions import policy, sketches, urls
from mentions.model import Authority, Claim, Reaction, Site
from mentions.policy import Crowd
from mentions.streams.traces import Trace
from workers.kit import Kit

HOUR_S = 3600


async def look_around(kit: Kit, site: Site, claim: Claim, reaction: Reaction) -> Crowd | None:
    """What else came lately; None where nobody wants to know, or the host speaks for many: a bridge, or the site."""
    if not _is_wanted(site, claim, reaction):
        return None
    trace = _trace_of(site, claim, reaction)
    alike = await kit.traces.compare(trace, but=_mark_of(claim))
    return Crowd(urls.site_authority(claim.source), alike.pages_of_visitor, alike.is_near)


async def remember(kit: Kit, site: Site, claim: Claim, reaction: Reaction) -> None:
    """Keeps that this came; doing it twice is doing it once."""
    if _is_wanted(site, claim, reaction):
        await kit.traces.note(_trace_of(site, claim, reaction), _mark_of(claim))


def _is_wanted(site: Site, claim: Claim, reaction: Reaction) -> bool:
    host = urls.site_authority(claim.source)
    speaks_for_many = reaction.authority is Authority.BRIDGED or policy.is_bridge(site.options, host)
    is_own = host in {site.authority, *site.aliases}
    return not speaks_for_many and not is_own and policy.wants_to_know_of_crowds(site.options, claim.via)


def _trace_of(site: Site, claim: Claim, reaction: Reaction) -> Trace:
    said = reaction.content.text if reaction.content is not None else reaction.context or ""
    host = sketches.digest(urls.site_authority(claim.source))
    return Trace(site.id, urls.page_key(claim.target), sketches.sketch(said), visitor=f"host-{host}", lives_s=HOUR_S)


def _mark_of(claim: Claim) -> str:
    """Whose words they are: one page that answers several of ours says the same in all of them."""
    return sketches.digest(urls.source_key(claim.source))
