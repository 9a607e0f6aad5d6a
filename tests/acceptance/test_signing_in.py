"""Signing in with service and worker as processes: a mail goes out, a comment is its author's, and all is erased."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.peers import Mailbox
from tests.support.product import Product

SITE = "blog.example"
POST = f"https://{SITE}/post"
ADDRESS = "nia@mail.example"


@pytest.mark.acceptance
async def test_by_mail_somebody_signs_in_writes_edits_and_is_forgotten():
    async with Mailbox() as mailbox, Product(sites=[SITE], settings={"YMATEB_MAIL_URL": mailbox.url}) as product:
        verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "target": POST,
            "origin": f"https://{SITE}",
            "challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "lang": "cy",
        }
        own = {"Origin": product.base, "Accept": "text/html"}

        async def post(path: str, **form: str) -> tuple[int, str, str]:
            async with product.http.post(product.base + path, data=form, headers=own, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Location", ""), await answer.text()

        async def api(method: str, path: str, token: str | None = None, **body: str | int) -> tuple[int, dict]:
            headers = {"Origin": f"https://{SITE}"} | ({"Authorization": f"Bearer {token}"} if token else {})
            async with product.http.request(method, product.base + path, json=body, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None) if answer.status != 204 else {}

        status, location, _ = await post("/sign-in/email", email=ADDRESS, **asked)
        assert status == 303
        mail = await mailbox.mail_to(ADDRESS)
        assert mail["Subject"] == f"Mewngofnodi ar {SITE}"
        async with product.http.get(location) as waiting:
            number = re.search(r"<strong>(\d{4})</strong>", await waiting.text())[1]
        key = re.search(r"mail\?key=([\w-]+)", mail.get_content())[1]
        assert (await post("/sign-in/mail", key=key, number=number))[0] == 200
        flow = parse_qs(urlsplit(location).query)["flow"][0]
        async with product.http.post(f"{product.base}/sign-in/wait", data={"flow": flow}, headers=own) as told:
            code = (await told.json())["code"]
        status, session = await api("POST", "/api/session", code=code, verifier=verifier)
        assert status == 201
        token = session["token"]

        status, entry = await api("POST", "/api/comments", token, target=POST, name="Nia", content="Helo")
        assert (status, entry["wm-signed-in"]) == (201, {"way": "email", "by": ""})
        path = f"/api/comments/{entry['wm-id']}"
        status, edited = await api("PATCH", path, token, content="Helo *eto*")
        assert (status, edited["content"]["text"]) == (200, "Helo eto")
        assert [each["wm-id"] for each in await product.shown_on(POST)] == [entry["wm-id"]]
        assert await api("DELETE", "/api/session/person", token) == (200, {"comments": 1})
        assert await product.shown_on(POST) == []
        assert (await api("GET", "/api/session", token))[0] == 401
        assert ADDRESS not in product.logs()
        assert not any(secret in product.logs() for secret in (key, flow, code, token, verifier))
