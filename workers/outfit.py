"""What goes out into the network, by the settings: the guarded client, the reading processes, the way to Redis.

Apart from `app.py`, so that commands which need no database do not wait for one to be imported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from config.settings import Settings
from mentions import urls
from mentions.streams.link import RedisLink
from workers.fetch.client import Fetcher
from workers.fetch.guard import AddressPolicy
from workers.fetch.pace import Leases, Pace
from workers.mailer import Mailer
from workers.reading import ReadingPool


def make_fetcher(settings: Settings, leases: Leases | None) -> Fetcher:
    """The guarded client, by the settings.  To be made inside the event loop."""
    policy = AddressPolicy(settings.fetch_allow_networks, settings.fetch_ports)
    pace = Pace(leases, per_authority=settings.fetch_per_authority)
    own = urlsplit(settings.public_url)
    return Fetcher(
        policy,
        pace=pace,
        user_agent=settings.user_agent,
        own_authority=urls.authority(settings.public_url) if settings.demo_is_on else None,
        own_port=own.port or (443 if own.scheme == "https" else 80),
    )


def make_pool(settings: Settings, *, size: int | None = None) -> ReadingPool:
    """The reading processes, by the settings; not started yet."""
    return ReadingPool(
        size=settings.reading_processes if size is None else size,
        timeout_s=settings.reading_timeout_s,
        memory_mb=settings.reading_memory_mb,
    )


def make_mailer(settings: Settings) -> Mailer | None:
    """Who sends our mail, by the settings; None where nobody does."""
    if settings.mail_url is None:
        return None
    return Mailer(settings.mail_url.get_secret_value(), sender=settings.effective_mail_from)


@asynccontextmanager
async def open_link(settings: Settings) -> AsyncIterator[RedisLink]:
    """The way to Redis; the embedded one is joined, and left at the end."""
    link = await RedisLink.open(settings.redis_url, settings.data_dir)
    try:
        yield link
    finally:
        await link.close()
