"""`python -m service …`: what an operator types, its answers and exit codes (contract §1)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.support.forge import Forge
from tests.support.processes import free_port
from tests.support.product import ROOT
from tests.support.waiting import eventually

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path, short_folder: Path) -> dict[str, str]:
    """Embedded defaults in a folder of its own, and nothing of the caller's settings."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("YMATEB_")}
    return {
        **ours,
        "YMATEB_DATA_DIR": str(tmp_path / "data"),
        "YMATEB_PUBLIC_URL": "https://y.example",
        "YMATEB_DEMO": "off",
    }


@pytest.fixture
def command(environment: dict[str, str], forge: Forge) -> Command:
    """Runs `python -m service` and returns what came of it."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = forge.run(arguments, {**environment, **more})
        assert "Traceback" not in done.stderr
        return done

    return run


def test_a_site_is_added_without_redis_and_found_by_its_token(command: Command):
    added = command(
        "site", "add", "Blog.Example", "--alias", "old.example", "--json", YMATEB_REDIS_URL="redis://127.0.0.1:1"
    )
    assert added.returncode == 0
    told = json.loads(added.stdout)
    assert told["token"]
    assert {name: value for name, value in told.items() if name != "token"} == {
        "site": "blog.example",
        "webmention_endpoint": "https://y.example/webmention",
        "pingback_endpoint": "https://y.example/xmlrpc",
    }
    listed = json.loads(command("site", "list", "--json").stdout)
    assert listed == [{"site": "blog.example", "aliases": ["old.example"]}]
    [token] = json.loads(command("token", "list", "--site", "blog.example", "--json").stdout)
    assert (token["scopes"], token["state"]) == (["read", "moderate", "export", "hooks"], "valid")
    assert told["token"] not in command("token", "list", "--site", "old.example").stdout


def test_what_is_refused_is_one_line_and_exit_1(command: Command):
    assert command("site", "add", "blog.example").returncode == 0
    for arguments in (
        ("site", "add", "www.blog.example"),
        ("site", "add", "other.example", "--alias", "blog.example"),
        ("site", "remove", "nobody.example"),
        ("token", "create", "--site", "nobody.example", "--scope", "read"),
        ("token", "revoke", "99", "--site", "blog.example"),
        ("export", "--site", "nobody.example"),
        ("block", "remove", "spam.example", "--site", "blog.example"),
        ("hook", "add", "mailto:owner@blog.example", "--site", "blog.example"),
        ("hook", "remove", "7", "--site", "blog.example"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
    assert json.loads(command("site", "list", "--json").stdout) == [{"site": "blog.example", "aliases": []}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("site",),
        ("site", "add"),
        ("site", "add", "a b"),
        ("site", "add", "https://blog.example/posts"),
        ("token", "create", "--site", "x.example", "--scope", "everything"),
        ("token", "create", "--site", "x.example"),
        ("token", "create", "--site", "x.example", "--scope", "read", "--expires", "soon"),
        ("token", "create", "--site", "x.example", "--scope", "read", "--expires", "2001-01-01"),
        ("token", "create", "--site", "x.example", "--scope", "read", "--expires", "2099-01-01", "--days", "3"),
        ("export", "--site", "x.example", "--format", "xls"),
    ],
)
def test_wrong_usage_is_exit_2(command: Command, arguments: tuple[str, ...]):
    assert command(*arguments).returncode == 2


def test_settings_that_are_wrong_are_one_line(command: Command):
    done = command("site", "list", YMATEB_PORT="eighty")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_providers_are_added_listed_and_removed_and_their_secret_is_never_shown(command: Command, tmp_path: Path):
    command("site", "add", "blog.example")
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret\n")
    of_site = ("--site", "blog.example")
    add = ("provider", "add", *of_site, "--client-id", "ymateb", "--label", "Example account")
    added = command(*add, "--issuer", "https://accounts.example", "--client-secret-file", str(secret), "--json")
    told = json.loads(added.stdout)
    assert {name: value for name, value in told.items() if name != "created_at"} == {
        "id": 1,
        "label": "Example account",
        "issuer": "https://accounts.example",
        "client_id": "ymateb",
        "has_secret": True,
        "redirect_uri": "https://y.example/sign-in/callback",
    }
    public = command(*add, "--issuer", "https://other.example/")
    assert "https://y.example/sign-in/callback" in public.stdout
    listed = command("provider", "list", *of_site)
    assert listed.stdout.splitlines() == [
        "1  Example account  https://accounts.example  ymateb  with a secret",
        "2  Example account  https://other.example/  ymateb  public client",
    ]
    as_json = command("provider", "list", *of_site, "--json")
    assert "s3cret" not in added.stdout + added.stderr + listed.stdout + as_json.stdout
    assert command("provider", "remove", *of_site, "1").returncode == 0
    gone = command("provider", "remove", *of_site, "1")
    assert (gone.returncode, gone.stderr) == (1, "error: blog.example has no provider 1\n")


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("http://accounts.example", "issuer is not https"),
        ("http://127.0.0.1:9", "issuer is not https"),
        ("https://accounts.example/?x", "issuer has a query or a fragment"),
        ("accounts.example", "issuer is not an absolute http or https URL"),
    ],
)
def test_an_issuer_that_is_none_is_refused_in_one_line(command: Command, issuer: str, why: str):
    command("site", "add", "blog.example")
    add = ("provider", "add", "--site", "blog.example", "--client-id", "ymateb", "--label", "x", "--issuer", issuer)
    refused = command(*add)
    assert (refused.returncode, refused.stderr) == (1, f"error: {why}\n")
    if "127.0.0.1" in issuer:
        assert command(*add, YMATEB_FETCH_ALLOW_NETWORKS="127.0.0.0/8").returncode == 0


def test_an_empty_secret_is_wrong_usage(command: Command, tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("\n")
    done = command(
        *("provider", "add", "--site", "blog.example", "--issuer", "https://a.example", "--client-id", "y"),
        *("--label", "x", "--client-secret-file", str(secret)),
    )
    assert (done.returncode, "there is nothing in it" in done.stderr) == (2, True)


def test_hooks_are_added_with_a_secret_that_is_shown_once_and_removed(command: Command):
    command("site", "add", "blog.example")
    made = json.loads(
        command(
            "hook", "add", "https://ci.example/build", "--site", "blog.example", "--kind", "rebuild", "--json"
        ).stdout
    )
    [listed] = json.loads(command("hook", "list", "--site", "blog.example", "--json").stdout)
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert (listed["kind"], listed["quiet_s"]) == ("rebuild", 60)
    assert made["secret"] not in command("hook", "list", "--site", "blog.example").stdout
    assert command("hook", "remove", str(made["id"]), "--site", "blog.example").returncode == 0
    assert json.loads(command("hook", "list", "--site", "blog.example", "--json").stdout) == []


def test_tokens_are_made_shown_once_and_revoked(command: Command):
    command("site", "add", "blog.example")
    made = command("token", "create", "--site", "blog.example", "--scope", "export,read", "--days", "3", "--json")
    told = json.loads(made.stdout)
    assert told["scopes"] == ["read", "export"]
    assert told["token"]
    listed = json.loads(command("token", "list", "--site", "blog.example", "--json").stdout)
    assert listed[1]["expires_at"]
    assert command("token", "revoke", str(listed[1]["id"]), "--site", "blog.example").returncode == 0
    assert [
        token["state"] for token in json.loads(command("token", "list", "--site", "blog.example", "--json").stdout)
    ] == [
        "valid",
        "revoked",
    ]


def test_blocks_are_added_listed_and_removed(command: Command):
    command("site", "add", "blog.example")
    assert command("block", "add", "Spam.Example", "--site", "blog.example", "--note", "spam").returncode == 0
    listed = json.loads(command("block", "list", "--site", "blog.example", "--json").stdout)
    assert listed == [{"authority": "spam.example", "note": "spam"}]
    assert command("block", "remove", "spam.example", "--site", "blog.example").returncode == 0
    assert command("block", "list", "--site", "blog.example").stdout == "Nothing is blocked.\n"


def test_a_site_without_responses_exports_an_empty_feed(command: Command):
    command("site", "add", "blog.example")
    feed = json.loads(command("export", "--site", "blog.example", "--format", "jf2").stdout)
    assert (feed["type"], feed["children"]) == ("feed", [])


def test_serve_says_that_its_port_is_taken(command: Command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = command("serve", YMATEB_PORT=port)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"error: cannot listen on 127.0.0.1:{port}: the port is taken; YMATEB_PORT chooses another port\n"
    )


def test_serve_refuses_a_database_with_an_older_schema(command: Command, postgres_url: str):
    done = command("serve", YMATEB_PORT=str(free_port()), YMATEB_DATABASE_URL=postgres_url)
    assert done.returncode == 1
    assert "python -m service migrate" in done.stderr
    assert command("migrate", YMATEB_DATABASE_URL=postgres_url).returncode == 0
    assert command("site", "add", "blog.example", YMATEB_DATABASE_URL=postgres_url).returncode == 0


async def test_serve_ends_in_order_on_sigterm_while_streams_are_open(environment: dict[str, str]):
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    settings = {**environment, "YMATEB_PORT": str(port), "YMATEB_PUBLIC_URL": public_url, "YMATEB_DEMO": "on"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", "serve", cwd=ROOT, env=settings, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with aiohttp.ClientSession() as http:

            async def is_ready() -> bool:
                async with http.get(f"{public_url}/readyz") as answer:
                    return answer.status == 200

            await eventually(is_ready)
            with socket.create_connection(("127.0.0.1", port)) as stranger:
                stranger.sendall(b"GET /\x1b[2Jsecret HTTP/1.1\r\n\r\n")
                assert (await asyncio.to_thread(stranger.recv, 100)).split()[1] == b"400"
            stream = await http.get(f"{public_url}/api/events", params={"target": f"{public_url}/demo/post"})
            await stream.content.readline()
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                await stream.content.read()
                assert await process.wait() == 0
        assert process.stderr
        told = await process.stderr.read()
        assert b"Traceback" not in told
        assert b"request.malformed" in told
        assert b"secret" not in told
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("arguments", [("serve",), ("migrate",), ("site", "list")])
def test_a_database_that_is_away_is_named_in_one_line(command: Command, arguments: tuple[str, ...]):
    port = str(free_port())
    done = command(
        *arguments, YMATEB_DATABASE_URL=f"postgresql://ann:hidden@127.0.0.1:{port}/ymateb", YMATEB_PORT=str(free_port())
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: the database cannot be reached: ")
    assert "hidden" not in done.stderr


def test_a_data_folder_that_is_a_file_is_named_without_numbers(command: Command, tmp_path: Path):
    (taken := tmp_path / "taken").touch()
    done = command("site", "list", YMATEB_DATA_DIR=str(taken))
    assert (done.returncode, done.stderr) == (1, f"error: cannot use {taken}: File exists\n")
