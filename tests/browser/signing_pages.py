"""The pages of the sign-in, brought to where they can be looked at without going through it."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlencode

from playwright.async_api import Page

from mentions import codec, identity, urls
from mentions.storage import people, sessions, sites
from service import keys
from service.intake.reception import now
from service.signing.asked import Asked
from tests.browser.world import World

ADDRESS = "nia.rowlands@mail.example"
NIA = identity.of_answer({"way": "domain", "subject": "https://nia.example/", "name": "Nia Rowlands"})


async def signing_pages(world: World) -> dict[str, str]:
    """Every page, by name."""
    post, challenge = world.host_page("/signing"), "x" * 43
    asked = {"target": post, "origin": world.host, "challenge": challenge}
    flows = world.app[keys.FLOWS]
    who = Asked(post, world.host, challenge, "en", 1, urls.authority(world.host))
    known = {"asked": codec.to_json(who), "joint": secrets.token_urlsafe(8), "number": "4711", "address": ADDRESS}
    flow, key = [await flows.begin(kind, known, lasts_s=600) for kind in ("popup", "mail")]
    return {
        "sign-in": f"/sign-in?{urlencode(asked)}",
        "sign-in-wait": f"/sign-in/wait?flow={flow}",
        "sign-in-mail": f"/sign-in/mail?key={key}",
        "sign-in-over": "/sign-in/wait?flow=none",
        "sign-in-client": "/sign-in/client?x",
    }


async def signed_in(world: World, page: Page) -> None:
    """Comes back to the page as somebody who has signed in by their domain, and has written here."""
    async with world.db.write() as c:
        site = await sites.by_authority(c, urls.authority(world.host))
        assert site is not None
        assert NIA is not None
        person = await people.welcome(c, site.id, NIA, now=now())
        token, _ = await sessions.begin(c, person.id, now=now())
    kept = {"token": token, "person": {"name": person.name, "by": person.proof.by, "way": "domain", "url": person.url}}
    key = f"ymateb:session:{world.base}/api/comments"
    await page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, json.dumps(kept)])
    await page.reload()
    await page.wait_for_selector(".ym-sign-out")
    await page.locator(".ym-comment [name=content]").fill(f"Eggs, mostly: {world.minutes}.")
    await page.locator(".ym-post").click()
    await page.wait_for_selector(".ym-own-does")
