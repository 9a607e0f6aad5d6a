"""The audit trail has every decision, whichever door it came by: the API or the command line (issue 5 §3)."""

from __future__ import annotations

import json
import sys
from asyncio import create_subprocess_exec, subprocess
from pathlib import Path
from typing import Any

from config.settings import Settings
from service import keys
from tests.integration.service.conftest import POST, SITE, Service
from tests.support.product import ROOT

HOOK = "https://owner.example/hook/a-secret-path"


async def trail(service: Service) -> list[tuple[str, str, Any]]:
    """Actor, act and what, the oldest first."""
    decisions = (await service.get("/api/audit", token=service.token)).json()["decisions"]
    return [(each["actor"], each["act"], each.get("what", each.get("wm-id"))) for each in reversed(decisions)]


async def test_what_a_token_decides_is_told_of_that_token(service: Service):
    entry = await service.respond()

    async def call(method: str, path: str, **more: Any) -> Any:
        answer = await service.request(method, path, token=service.token, **more)
        assert answer.status < 300, answer.text
        return answer.json() if answer.body else None

    await call("POST", f"/api/entries/{entry.id}/hide")
    await call("POST", "/api/entries/approve", json={"ids": [entry.id]})
    await call("POST", f"/api/entries/{entry.id}/split")
    await call("PUT", "/api/blocks", json={"authority": "spam.example"})
    await call("DELETE", "/api/blocks", json={"authority": "spam.example"})
    await call("POST", "/api/blocks/import", data="junk.example\n", headers={"Content-Type": "text/csv"})
    await call("PATCH", "/api/thread", params={"target": POST}, json={"closed": True})
    await call("PATCH", "/api/site", json={"options": {"hold": "all"}})
    hook = (await call("POST", "/api/hooks", json={"url": HOOK}))["id"]
    await call("POST", f"/api/hooks/{hook}/rotate")
    await call("DELETE", f"/api/hooks/{hook}")
    told = await trail(service)
    assert [(act, what) for _, act, what in told] == [
        ("hidden", entry.id),
        ("shown", entry.id),
        ("split", entry.id),
        ("blocked", "authority spam.example"),
        ("unblocked", "authority spam.example"),
        ("blocked", "authority junk.example"),
        ("closed", POST),
        ("set_option", 'hold "all"'),
        ("hook_added", f"hook:{hook} owner.example"),
        ("secret_rotated", f"hook:{hook} owner.example"),
        ("hook_removed", f"hook:{hook} owner.example"),
    ]
    assert {actor for actor, _, _ in told} == {"token:1"}


async def test_what_the_command_line_decides_is_told_of_the_owner(service: Service, tmp_path: Path):
    settings: Settings = service.app[keys.SETTINGS]

    async def command(*arguments: str) -> Any:
        process = await create_subprocess_exec(
            sys.executable, "-m", "service", *arguments, "--site", SITE, "--json", cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "YMATEB_DATA_DIR": str(settings.data_dir)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return json.loads(out)

    file = tmp_path / "export.json"
    mention = {"wm-source": "https://ann.example/1", "wm-target": POST, "wm-property": "like-of", "wm-id": 7}
    file.write_text(json.dumps({"type": "feed", "children": [mention]}))
    await command("token", "create", "--scope", "read,export", "--label", "my scripts")
    await command("token", "revoke", "2")
    hook = (await command("hook", "add", HOOK))["id"]
    await command("hook", "remove", str(hook))
    await command("block", "add", "spam.example")
    await command("block", "remove", "spam.example")
    await command("import", "webmention.io", str(file))
    assert await trail(service) == [
        ("owner", "token_created", "token:2 read,export my scripts"),
        ("owner", "token_revoked", "token:2"),
        ("owner", "hook_added", f"hook:{hook} owner.example"),
        ("owner", "hook_removed", f"hook:{hook} owner.example"),
        ("owner", "blocked", "authority spam.example"),
        ("owner", "unblocked", "authority spam.example"),
        ("owner", "imported", "webmention.io: 1 of 1"),
    ]
