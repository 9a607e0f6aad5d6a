"""Comments typed below a post, through a running service: who may write, what is shown, who may change it."""

from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import update

from mentions.model import EntryState
from mentions.storage import comments, entries, sites
from mentions.storage import tables as t
from service import keys
from tests.integration.service.conftest import NOW, POST

BLOG = {"Origin": "https://blog.example"}


async def comment(service, *, headers=BLOG, path="/api/comments", method="POST", token=None, **fields):
    body = {"target": POST, "name": "Ann", "content": "Well **said**"} | fields
    return await service.request(
        method, path, json={k: v for k, v in body.items() if v is not None}, headers=headers, token=token
    )


async def test_a_comment_is_an_entry_with_a_permalink_and_an_edit_token(service):
    answer = await comment(service, url="ann.example", lang="en")
    entry = answer.json()
    assert answer.status == 201
    assert answer.headers["Location"] == f"{service.base}/entries/{entry['wm-id']}"
    assert entry["wm-source"] == answer.headers["Location"]
    assert (entry["wm-status"], entry["wm-protocol"], entry["wm-kind"]) == ("approved", "comment", "reply")
    assert entry["content"]["html"] == "<p>Well <strong>said</strong></p>"
    assert entry["author"]["url"] == "https://ann.example/"
    assert len(entry["edit-token"]) >= 32
    thread = (await service.get(f"/api/thread?target={POST}")).json()
    assert thread["count"] == 1
    assert "edit-token" not in thread["children"][0]
    assert (await service.get(f"/entries/{entry['wm-id']}", headers={"Accept": "text/html"})).status == 200


async def test_an_answer_hangs_below_what_it_answers(service):
    pingback = await service.respond("https://other.example/links")
    answer = await comment(service, parent=pingback.id)
    assert answer.json()["wm-parent"] == pingback.id
    [root] = (await service.get(f"/api/thread?target={POST}")).json()["children"]
    assert root["comment"][0]["wm-id"] == answer.json()["wm-id"]


async def test_what_is_wrong_is_named(service):
    elsewhere = await service.respond(target="https://blog.example/other")
    for fields, word in (
        ({"name": None}, "name"),
        ({"name": "\u202e "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"content": " "}, "content"),
        ({"content": "x" * 20_001}, "content"),
        ({"content": 3}, "content"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"email": "nobody"}, "email"),
        ({"target": None}, "target"),
        ({"target": "nonsense"}, "target"),
        ({"parent": 99}, "parent"),
        ({"parent": True}, "parent"),
        ({"parent": elsewhere.id}, "parent"),
    ):
        answer = await comment(service, **fields)
        assert answer.error == (400, "invalid_request"), fields
        assert word in answer.json()["error_description"]
    assert (await comment(service, target="https://elsewhere.example/")).error == (400, "invalid_target")
    assert (
        await service.post("/api/comments", data=b"[1]", headers={"Content-Type": "application/json"})
    ).status == 400
    assert (await service.post("/api/comments", data=b"x", headers={"Content-Type": "text/plain"})).status == 400


async def test_only_pages_of_registered_sites_may_write(service):
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert (await comment(service, headers=headers)).status == 403, headers
    for headers in ({}, BLOG, {"Origin": "https://www.blog.example"}, {"Origin": service.base}):
        assert (await comment(service, headers=headers, content=f"From {headers}")).status == 201, headers


async def test_a_form_comes_back_to_the_new_comment(service):
    form = {"target": POST, "name": "Ann", "content": "Helo", "lang": "cy", "parent": "", "website2": ""}
    answer = await service.post("/api/comments", data=form, headers={**BLOG, "Accept": "text/html"})
    assert answer.status == 303
    assert answer.headers["Location"].startswith(
        f"{service.base}/embed?target=https%3A%2F%2Fblog.example%2Fpost&lang=cy&new="
    )
    page = await service.get(answer.headers["Location"].partition("#")[0])
    assert "Helo" in page.text


async def test_in_a_long_thread_a_form_comes_back_to_the_page_that_shows_the_comment(service):
    roots = [await service.respond() for _ in range(205)]
    chain = [roots[0]]
    for _ in range(6):
        chain.append(await service.respond(parent_id=chain[-1].id))
    crowded = roots[1]
    for _ in range(510):
        await service.respond(parent_id=crowded.id)
    for parent in ("", roots[0].id, chain[-1].id, crowded.id, roots[-1].id):
        form = {"target": POST, "name": "Ann", "content": f"To “{parent}”", "parent": parent}
        answer = await service.post("/api/comments", data=form, headers={**BLOG, "Accept": "text/html"})
        address, _, fragment = answer.headers["Location"].partition("#")
        page = BeautifulSoup((await service.get(address)).text, "lxml")
        [item] = page.select(f"#{fragment}")
        assert form["content"] in item.get_text()
        liked = await service.post(f"/api/entries/{fragment[2:]}/like", headers={**BLOG, "Accept": "text/html"})
        address = liked.headers["Location"].partition("#")[0]
        assert BeautifulSoup((await service.get(address)).text, "lxml").select(f"#{fragment}")


async def test_a_form_that_is_wrong_comes_back_with_what_was_typed_and_what_is_wrong(service):
    form = {
        "target": POST,
        "name": "",
        "content": "Helo <b>",
        "url": "ann.example",
        "email": "a@b.example",
        "lang": "cy",
    }
    answer = await service.post("/api/comments", data=form, headers={**BLOG, "Accept": "text/html"})
    assert answer.status == 400
    soup = BeautifulSoup(answer.text, "lxml")
    assert soup.html["lang"] == "cy"
    assert soup.select_one(".ym-said").get_text() == "Dywedwch pwy ydych chi."
    [wrong] = soup.select("[aria-invalid]")
    assert (wrong["name"], wrong["aria-describedby"]) == ("name", soup.select_one(".ym-said")["id"])
    assert soup.textarea.get_text() == "Helo <b>"
    typed = {field["name"]: field.get("value", "") for field in soup.select("input[name]")}
    assert typed.items() >= {"target": POST, "url": "ann.example", "email": "a@b.example", "lang": "cy"}.items()
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]


async def test_programs_are_told_the_field_and_people_are_told_in_their_language(service):
    answer = await comment(service, headers={**BLOG, "Accept-Language": "cy"}, email="nobody")
    assert answer.status == 400
    assert (answer.json()["field"], answer.json()["message"]) == ("email", "Nid cyfeiriad e-bost yw hwn.")
    await service.request("PATCH", f"/api/thread?target={POST}", json={"closed": True}, token=service.token)
    assert (await comment(service)).json()["error"] == "target_closed"


async def test_a_preview_without_script_is_the_form_with_its_words(service):
    form = {"target": POST, "name": "", "content": "*Hi*<script>alert(1)</script>"}
    answer = await service.post("/api/comments/preview", data=form, headers={**BLOG, "Accept": "text/html"})
    assert answer.status == 200
    soup = BeautifulSoup(answer.text, "lxml")
    assert soup.select_one(".ym-previewed em").get_text() == "Hi"
    assert not soup.select("script")
    assert soup.textarea.get_text() == form["content"]


async def test_a_like_without_script_comes_back_to_what_was_liked(service):
    entry = await service.respond()
    embed = f"{service.base}/embed?target=https%3A%2F%2Fblog.example%2Fpost&lang=cy"
    assert "Hoffwyd gan" not in (await service.get(embed)).text.partition("data-likes")[2].partition(">")[2]
    path = f"/api/entries/{entry.id}/like?lang=cy"
    answer = await service.post(path, headers={**BLOG, "Accept": "text/html"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{embed}&liked={entry.id}#c-{entry.id}")
    shown = BeautifulSoup((await service.get(embed)).text, "lxml")
    assert shown.select_one(f"#c-{entry.id} .ym-likes").get_text() == "Hoffwyd gan un person"


async def test_a_site_without_comments_shows_no_form_for_them(service):
    page = f"/thread.html?target={POST}"
    assert "ym-comment" in (await service.get(page)).text
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "comments", False)
    service.app[keys.SITES].forget()
    assert "ym-comment" not in (await service.get(page)).text
    assert "ym-elsewhere" in (await service.get(page)).text


async def test_the_permalink_of_a_response_has_the_form_that_answers_it(service):
    entry = await service.respond("https://other.example/links")
    soup = BeautifulSoup((await service.get(f"/entries/{entry.id}", headers={"Accept": "text/html"})).text, "lxml")
    assert soup.select_one("#respond .ym-comment [name=parent]")["value"] == str(entry.id)


async def test_a_removed_comment_with_answers_leaves_a_tombstone_that_holds_them(service):
    first = (await comment(service)).json()
    second = (await comment(service, content="second", parent=first["wm-id"])).json()
    await service.request("DELETE", f"/api/comments/{first['wm-id']}", token=first["edit-token"])
    thread = (await service.get(f"/api/thread?target={POST}")).json()
    [grave] = thread["children"]
    assert "wm-deleted" in grave
    assert "content" not in grave
    assert [each["wm-id"] for each in grave["comment"]] == [second["wm-id"]]
    assert (thread["count"], grave["comment"][0]["wm-depth"]) == (1, 1)


async def test_the_author_edits_and_removes_with_the_token_for_a_quarter_of_an_hour(service):
    entry = (await comment(service)).json()
    path, token = f"/api/comments/{entry['wm-id']}", entry["edit-token"]
    edited = await comment(service, method="PATCH", path=path, token=token, content="Better *said*")
    assert edited.status == 200
    assert edited.json()["content"]["text"] == "Better said"
    assert (await comment(service, method="PATCH", path=path, content="x")).status == 401
    assert (await comment(service, method="PATCH", path=path, token="guess", content="x")).status == 401
    async with service.db.write() as c:
        await c.execute(update(t.comments).values(editable_until=NOW - timedelta(days=400)))
    assert (await comment(service, method="PATCH", path=path, token=token, content="x")).status == 401
    assert (await comment(service, method="PATCH", path=path, token=service.token, content="Moderated")).status == 200
    assert (await service.request("DELETE", path, token=service.token)).status == 204
    assert (await service.request("DELETE", path, token=service.token)).status == 409
    assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 0
    mention = await service.respond()
    assert (await service.request("DELETE", f"/api/comments/{mention.id}", token=service.token)).status == 404


async def test_an_author_who_comes_too_late_hears_so_in_their_language(service):
    entry = (await comment(service)).json()
    path, welsh = f"/api/comments/{entry['wm-id']}", {"Accept-Language": "cy"}
    async with service.db.write() as c:
        await c.execute(update(t.comments).values(editable_until=NOW - timedelta(days=400)))
    late = await service.request("DELETE", path, token=entry["edit-token"], headers=welsh)
    assert late.error == (401, "forbidden")
    assert late.json()["message"] == "Mae’r amser i newid y sylw hwn ar ben."
    await service.request("DELETE", path, token=service.token)
    gone = await service.request("PATCH", path, token=entry["edit-token"], json={"content": "x"}, headers=welsh)
    assert gone.error == (409, "conflict")
    assert gone.json()["message"] == "Nid yw’r sylw hwn yno mwyach."


async def test_a_site_may_ask_for_an_address_which_is_never_shown(service):
    thread, html = f"/thread.html?target={POST}", {"Accept": "text/html"}
    assert not email_field(await service.get(thread)).has_attr("required")
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "require_email", True)
    service.app[keys.SITES].forget()
    field = email_field(await service.get(thread))
    assert field.has_attr("required")
    assert field.find_previous("label").get_text() == "E-mail (never shown)"
    refused = await comment(service)
    assert (refused.error, refused.json()["field"]) == ((400, "invalid_request"), "email")
    form = {"target": POST, "name": "Ann", "content": "Hello", "lang": "cy"}
    again = await service.post("/api/comments", data=form, headers=html)
    field = email_field(again)
    assert (again.status, field["aria-invalid"], field.has_attr("required")) == (400, "true", True)
    assert "Rhowch eich cyfeiriad e-bost. Ni chaiff ei ddangos." in again.text
    kept = await comment(service, email="ann@mail.example")
    assert kept.status == 201
    assert "mail.example" not in kept.text
    permalink = await service.get(f"/entries/{kept.json()['wm-id']}", headers=html)
    assert email_field(permalink).has_attr("required")


def email_field(answer):
    return BeautifulSoup(answer.text, "lxml").select_one("[name=email]")


async def test_a_token_of_another_site_moderates_nothing(service):
    entry = (await comment(service)).json()
    _, foreign = await service.add_site("other.example")
    assert (await service.request("DELETE", f"/api/comments/{entry['wm-id']}", token=foreign)).status == 401


async def test_what_looks_like_spam_waits_with_its_reasons(service):
    links = "https://a.example https://b.example https://c.example"
    held = (await comment(service, content=links)).json()
    assert held["wm-status"] == "held"
    async with service.db.read() as c:
        hidden = await comments.get(c, held["wm-id"])
    assert hidden.doubts == ("it has 3 links",)
    assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 0
    approved = await service.post(f"/api/entries/{held['wm-id']}/approve", token=service.token)
    assert approved.status == 200
    assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 1


async def test_a_robot_that_fills_everything_in_is_not_told_that_it_was_seen(service):
    answer = await comment(service, website2="https://spam.example")
    assert (answer.status, answer.json()["wm-status"]) == (201, "held")
    async with service.db.read() as c:
        assert (await entries.get(c, answer.json()["wm-id"])).state is EntryState.SPAM


async def test_the_same_words_twice_wait(service):
    assert (await comment(service)).json()["wm-status"] == "approved"
    assert (await comment(service, name="Bob")).json()["wm-status"] == "held"


async def test_an_edit_does_not_smuggle_links_past_the_rules(service):
    entry = (await comment(service)).json()
    links = "https://a.example https://b.example https://c.example"
    path = f"/api/comments/{entry['wm-id']}"
    edited = await comment(service, method="PATCH", path=path, token=entry["edit-token"], content=links)
    assert edited.json()["wm-status"] == "held"
    assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 0


async def test_owners_hold_comments_close_pages_and_block_people(service):
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "hold_protocols", ["comment"])
    service.app[keys.SITES].forget()
    assert (await comment(service)).json()["wm-status"] == "held"
    await service.request("PUT", "/api/blocks", json={"author": "Ann"}, token=service.token)
    assert (await comment(service, content="again")).error == (403, "blocked")
    await service.request("PATCH", f"/api/thread?target={POST}", json={"closed": True}, token=service.token)
    assert (await comment(service, name="Bob")).error == (400, "target_closed")


async def test_a_preview_keeps_nothing(service):
    shown = await service.post("/api/comments/preview", json={"content": "*Hi*<script>"}, headers=BLOG)
    assert shown.json()["html"].startswith("<p><em>Hi</em>")
    assert "<script" not in shown.json()["html"]
    assert (await service.get(f"/api/thread?target={POST}")).json()["count"] == 0


async def test_a_visitor_likes_once(service):
    entry = await service.respond()
    path = f"/api/entries/{entry.id}/like"
    assert (await service.post(path, headers=BLOG)).json() == {"likes": 1}
    assert (await service.post(path, headers=BLOG)).json() == {"likes": 1}
    assert (await service.request("DELETE", path, headers=BLOG)).json() == {"likes": 0}
    assert (await service.post("/api/entries/999/like", headers=BLOG)).status == 404
    assert (await service.post(path, headers={"Origin": "https://evil.example"})).status == 403


async def test_followers_hear_of_comments_as_the_public_sees_them(service):
    heard, cursor = [], 0

    async def listen():
        nonlocal cursor
        told = (await service.get(f"/api/changes?cursor={cursor}", token=service.token)).json()
        cursor = told["cursor"]
        heard.extend(each["change"] for each in told["changes"])

    entry = (await comment(service)).json()
    await listen()
    path = f"/api/comments/{entry['wm-id']}"
    await comment(service, method="PATCH", path=path, token=entry["edit-token"], content="Edited")
    await listen()
    await service.request("DELETE", path, token=entry["edit-token"])
    await comment(service, website2="robot", content="never seen")
    await listen()
    assert heard == ["created", "updated", "deleted"]
