"""Keys that all processes sign with: the same for all, a new one each day, known for another, gone after that."""

from datetime import UTC, datetime, timedelta

import pytest

from mentions.errors import Unavailable
from mentions.streams.link import RedisLink
from mentions.streams.signing import Signing
from tests.support.redis_server import RedisServer

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_all_processes_have_one_key_a_day(client):
    here, there = Signing(client), Signing(client)
    key = await here.current(NOON)
    assert await there.current(NOON + timedelta(hours=11)) == key
    assert (await there.current(NOON + DAY)).secret != key.secret


async def test_yesterdays_key_still_tells_who_signed_and_the_one_before_does_not(client):
    signing = Signing(client)
    key, later = await signing.current(NOON), await signing.current(NOON + DAY)
    assert await Signing(client).recent(NOON + DAY) == {key.name: key.secret, later.name: later.secret}
    assert await signing.recent(NOON + 2 * DAY) == {later.name: later.secret}
    assert await signing.recent(NOON + 9 * DAY) == {}


async def test_keys_go_by_themselves(client):
    await Signing(client).current(NOON)
    [name] = [name async for name in client.scan_iter("*signing-key*")]
    assert 2 * 86400 < await client.ttl(name) <= 3 * 86400


async def test_a_key_that_was_read_stays_in_use_while_redis_is_away(short_folder, tmp_path):
    server = RedisServer(short_folder).start()
    link = await RedisLink.open(server.url, tmp_path)
    signing, fresh = Signing(link.client, kept_s=0), Signing(link.client)
    key = await signing.current(NOON)
    server.stop()
    assert await signing.current(NOON) == key
    with pytest.raises(Unavailable):
        await fresh.current(NOON)
    with pytest.raises(Unavailable, match="a moment ago"):
        await fresh.current(NOON)
    await link.close()
