"""GET and PATCH /api/site, and `site option`: what the owner has chosen."""

from __future__ import annotations

import json

import pytest

from mentions import options
from mentions.storage import audit, sites
from tests.integration.service.conftest import Service
from tests.integration.service.test_commands import Command, command, environment

__all__ = ["command", "environment"]


async def change(service: Service, body, token: str | None = None):
    return await service.request("PATCH", "/api/site", token=token or service.token, json=body)


async def test_a_new_site_has_every_option_at_its_default(service: Service):
    told = (await service.get("/api/site", token=service.token)).json()
    assert told == {"site": "blog.example", "aliases": [], "options": options.effective({})}


async def test_options_are_set_and_taken_back(service: Service):
    changed = await change(service, {"options": {"hold": "strangers", "trusted": ["WWW.Friend.example"]}})
    assert changed.status == 200
    assert changed.json()["options"].items() >= {"hold": "strangers", "trusted": ["friend.example"]}.items()
    again = (await service.get("/api/site", token=service.token)).json()
    assert again == changed.json()
    assert (await change(service, {"options": {"hold": None}})).json()["options"]["hold"] == "none"


async def test_who_chose_what_is_told_in_the_audit_trail(service: Service):
    await change(service, {"options": {"trusted": ["friend.example"]}})
    async with service.db.read() as c:
        [decision] = await audit.for_site(c, service.site.id)
    assert (decision.act, decision.what) == ("set_option", 'trusted ["friend.example"]')
    assert decision.actor.startswith("token:")


async def test_who_may_sign_in_is_told_by_ways_or_by_none(service: Service):
    told = (await service.get("/api/site", token=service.token)).json()["options"]["sign_in"]
    assert told == ["domain", "email", "provider"]
    for given, kept in (("email,domain", ["email", "domain"]), ("none", []), ([], []), (["provider"], ["provider"])):
        assert (await change(service, {"options": {"sign_in": given}})).json()["options"]["sign_in"] == kept
    refused = await change(service, {"options": {"sign_in": ["telegram"]}})
    assert refused.json()["error_description"] == "sign_in has to be list of domain, email, provider; or none"


async def test_one_bad_option_leaves_all_as_they_were(service: Service):
    refused = await change(service, {"options": {"hold": "all", "moon": 1}})
    assert refused.error == (400, "invalid_request")
    assert "there is no option 'moon'; the options are hold," in refused.json()["error_description"]
    async with service.db.read() as c:
        assert (await sites.by_id(c, service.site.id)).options == {}


@pytest.mark.parametrize("body", [{}, [], {"options": []}, {"options": {"hold": 7}}])
async def test_what_is_no_choice_is_refused(service: Service, body):
    assert (await change(service, body)).error == (400, "invalid_request")


async def test_only_moderators_look_and_choose(service: Service):
    reader = await service.token_with("read")
    assert (await service.get("/api/site", token=reader)).error == (403, "forbidden")
    assert (await change(service, {"options": {}}, reader)).error == (403, "forbidden")
    assert (await service.get("/api/site")).error == (401, "forbidden")


async def test_what_is_chosen_holds_for_the_next_comment(service: Service):
    await change(service, {"options": {"hold_comment": "all"}})
    comment = {"target": "https://blog.example/post", "name": "Ann", "content": "Diolch!"}
    assert (await service.post("/api/comments", json=comment)).json()["wm-status"] == "held"


def test_the_command_line_sets_lists_and_unsets(command: Command):
    assert command("site", "add", "blog.example").returncode == 0
    one = command("site", "option", "blog.example", "trusted", "a.example,https://ann.example", "--json")
    assert json.loads(one.stdout) == {"trusted": ["a.example", "https://ann.example/"]}
    every = json.loads(command("site", "option", "blog.example", "--json").stdout)
    assert every == {**options.effective({}), "trusted": ["a.example", "https://ann.example/"]}
    assert "trusted = a.example,https://ann.example/" in command("site", "option", "blog.example").stdout
    assert json.loads(command("site", "option", "blog.example", "trusted", "--unset", "--json").stdout) == {
        "trusted": []
    }


def test_the_command_line_refuses_what_there_is_not(command: Command):
    command("site", "add", "blog.example")
    unknown = command("site", "option", "blog.example", "holt", "all")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "there is no option 'holt'" in unknown.stderr
    assert command("site", "option", "nobody.example", "hold", "all").returncode == 1
    assert command("site", "option", "blog.example", "hold").returncode == 2
    assert command("site", "option", "blog.example", "hold", "all", "--unset").returncode == 2
    assert command("site", "option", "blog.example", "--unset").returncode == 2
