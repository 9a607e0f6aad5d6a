"""The way of a browser without our script, through a running service: what is only one reader's stays theirs."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from bs4 import BeautifulSoup
from sqlalchemy import update

from mentions.model import EntryState
from mentions.storage import entries, sites
from mentions.storage import tables as t
from service import keys
from service.intake.reception import now
from tests.integration.service.conftest import POST, Answer, Service, running
from tests.integration.service.test_comment_defence import token

PERSON = {"Origin": "https://blog.example", "Accept": "text/html"}


async def posted(service: Service, **fields: str) -> Answer:
    """The answer to a form that a person has sent."""
    form = {"target": POST, "name": "Ann", "content": "Helo *bawb*", "lang": "cy", "token": await token(service)}
    answer = await service.post("/api/comments", data=form | fields, headers=PERSON)
    assert answer.status == 303
    return answer


async def followed(service: Service, answer: Answer) -> tuple[Answer, BeautifulSoup]:
    """The page that a 303 leads to."""
    page = await service.get(answer.headers["Location"].partition("#")[0], headers={"Accept": "text/html"})
    assert page.status == 200
    return page, BeautifulSoup(page.text, "lxml")


def wishes(answer: Answer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


async def edit_address(service: Service, answer: Answer) -> str:
    _, soup = await followed(service, answer)
    return str(soup.select_one(".held a")["href"])


async def send(service: Service, address: str, **fields: str) -> Answer:
    """Sends the form of the edit page, as a browser does from a page that names no referrer."""
    soup = BeautifulSoup((await service.get(address)).text, "lxml")
    form = soup.select_one("form")
    typed = {field["name"]: field["value"] for field in form.select("input")}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    return await service.post(service.base + form["action"], data=typed | fields, headers=headers)


async def text_of(service: Service, entry_id: str) -> str | None:
    async with service.db.read() as c:
        entry = await entries.get(c, int(entry_id))
    assert entry is not None
    return entry.reaction.content.text if entry.reaction.content and entry.state is not EntryState.DELETED else None


async def test_the_author_is_led_to_where_the_comment_can_be_changed(service):
    answer = await posted(service)
    page, soup = await followed(service, answer)
    own = wishes(answer)["new"]
    assert soup.select_one(".held").get_text().startswith("Mae eich sylw wedi’i gyhoeddi.")
    [here] = soup.select(f"#c-{own} .ym-own-does a")
    assert here["href"] == soup.select_one(".held a")["href"]
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "strict-origin"


async def test_nobody_else_sees_that(service):
    answer = await posted(service)
    await followed(service, answer)
    key = wishes(answer)["key"]
    for path in (f"/embed?target={POST}&lang=cy", f"/thread.html?target={POST}&lang=cy"):
        page = await service.get(path)
        assert page.headers["Cache-Control"].startswith("public")
        assert key not in page.text
        assert "/edit?" not in page.text
    guessed = answer.headers["Location"].partition("#")[0].replace(key, "x" * len(key))
    assert "/edit?" not in (await service.get(guessed)).text


async def test_the_words_are_changed_and_judged_anew(service):
    answer = await posted(service)
    own, address = wishes(answer)["new"], await edit_address(service, answer)
    page = await service.get(address)
    soup = BeautifulSoup(page.text, "lxml")
    assert (soup.html["lang"], soup.textarea.get_text().strip()) == ("cy", "Helo *bawb*")
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    saved = await send(service, address, content="Helo **eto**", do="save")
    assert saved.status == 303
    _, back = await followed(service, saved)
    assert back.select_one(".held").get_text().startswith("Mae eich sylw wedi’i newid.")
    assert back.select_one(f"#c-{own} .ym-text strong").get_text() == "eto"
    links = "https://a.example https://b.example https://c.example"
    _, back = await followed(service, await send(service, address, content=links, do="save"))
    assert "disgwyl ei gymedroli" in back.select_one(".held").get_text()
    assert "ddolenni" in back.select_one(".held").get_text()
    assert back.select_one(".held a")["href"]
    assert not back.select(f"#c-{own}")


async def test_it_is_taken_back(service):
    answer = await posted(service)
    own, address = wishes(answer)["new"], await edit_address(service, answer)
    _, back = await followed(service, await send(service, address, content="", do="delete"))
    assert back.select_one(".held").get_text() == "Mae eich sylw wedi’i ddileu."
    assert await text_of(service, own) is None
    gone = await service.get(address)
    assert (gone.status, "Nid yw’r sylw hwn yno mwyach." in gone.text) == (409, True)


async def test_a_comment_that_waits_can_be_changed_too(service):
    async with service.db.write() as c:
        await sites.set_option(c, service.site.id, "hold_comment", "all")
    service.app[keys.SITES].forget()
    answer = await posted(service)
    assert answer.headers["Location"].endswith("#held")
    address = await edit_address(service, answer)
    saved = await send(service, address, content="Gwell", do="save")
    assert await text_of(service, wishes(answer)["own"]) == "Gwell"
    _, back = await followed(service, saved)
    assert "disgwyl ei gymedroli" in back.select_one(".held").get_text()


async def test_what_is_wrong_comes_back_in_place(service):
    address = await edit_address(service, await posted(service))
    wrong = await send(service, address, content=" ", do="save")
    soup = BeautifulSoup(wrong.text, "lxml")
    assert wrong.status == 400
    assert soup.select_one(".ym-said").get_text() == "Ysgrifennwch rywbeth."
    assert soup.textarea["aria-invalid"] == "true"
    long = await send(service, address, content="x" * 20_001, do="save")
    assert (long.status, "x" * 20_001 in long.text) == (400, True)


async def test_when_its_time_is_over_the_words_are_not_lost(service):
    answer = await posted(service)
    own, address = wishes(answer)["new"], await edit_address(service, answer)
    form = {"key": wishes(answer)["key"], "content": "Rhy hwyr", "do": "save"}
    async with service.db.write() as c:
        await c.execute(update(t.comments).values(editable_until=now() - timedelta(seconds=1)))
    late = await service.post(f"/entries/{own}/edit?lang=cy", data=form, headers={"Accept": "text/html"})
    soup = BeautifulSoup(late.text, "lxml")
    assert late.status == 401
    assert soup.select_one(".ym-said").get_text() == "Mae’r amser i newid y sylw hwn ar ben."
    assert (soup.textarea.get_text().strip(), soup.textarea.has_attr("readonly")) == ("Rhy hwyr", True)
    assert not soup.select("button")
    assert await text_of(service, own) == "Helo bawb"
    assert (await service.get(address)).status == 401
    _, back = await followed(service, answer)
    assert not back.select(".held a")


async def test_the_page_opens_with_the_comments_own_key_only(service):
    own = wishes(await posted(service))["new"]
    other = wishes(await posted(service, content="Arall"))["key"]
    for key in ("", "guess", other, service.token):
        assert (await service.get(f"/entries/{own}/edit?key={key}")).status == 401
        form = {"key": key, "content": "Stolen", "do": "save"}
        assert (await service.post(f"/entries/{own}/edit", data=form)).status == 401
    assert await text_of(service, own) == "Helo bawb"
    assert (await service.get("/entries/999/edit?key=x")).status == 404
    mention = await service.respond()
    assert (await service.get(f"/entries/{mention.id}/edit?key=x")).status == 404


async def test_the_key_is_in_no_log(service, capfd):
    answer = await posted(service)
    address = await edit_address(service, answer)
    await send(service, address, content="Gwell", do="save")
    await service.get(f"/entries/{wishes(answer)['new']}/edit?key={wishes(answer)['key']}x")
    out, err = capfd.readouterr()
    assert "/entries/" in out + err
    assert wishes(answer)["key"] not in out + err


async def test_a_like_is_taken_back_where_it_was_given(service):
    entry = await service.respond()
    liked = await service.post(f"/api/entries/{entry.id}/like?lang=cy", headers=PERSON)
    page, soup = await followed(service, liked)
    assert page.headers["Cache-Control"] == "no-store"
    [form] = soup.select(f"#c-{entry.id} .ym-like")
    assert form.button["aria-pressed"] == "true"
    assert soup.select_one(f"#c-{entry.id} .ym-likes").get_text() == "Hoffwyd gan un person"
    back = await service.post(form["action"], headers=PERSON)
    assert back.headers["Location"].endswith(f"#c-{entry.id}")
    _, soup = await followed(service, back)
    assert soup.select_one(f"#c-{entry.id} .ym-likes").get_text() == ""
    [form] = soup.select(f"#c-{entry.id} .ym-like")
    assert not form.button.has_attr("aria-pressed")
    _, again = await followed(service, liked)  # the address of a like that is no more
    assert not again.select("[aria-pressed]")


async def test_while_redis_is_away_one_reads_and_what_was_typed_is_not_lost(tmp_path, mortal_redis):
    async with running(tmp_path / "data", mortal_redis.url) as service:
        await service.respond()
        first = await service.post("/api/comments", json={"target": POST, "name": "Ann", "content": "Helo"})
        mortal_redis.stop()
        page = await service.get(f"/thread.html?target={POST}")
        assert page.status == 200
        [field] = BeautifulSoup(page.text, "lxml").select(".ym-comment [name=token]")
        assert field["value"] == ""
        form = {"target": POST, "name": "Ann", "content": "Helo *bawb*", "lang": "cy"}
        answer = await service.post("/api/comments", data=form, headers=PERSON)
        assert answer.status == 503
        assert BeautifulSoup(answer.text, "lxml").textarea.get_text() == "Helo *bawb*"
        edited = {"key": first.json()["edit-token"], "content": "Helo *eto*"}
        answer = await service.post(f"/entries/{first.json()['wm-id']}/edit", data=edited, headers=PERSON)
        assert (answer.status, answer.headers["Retry-After"] > "0") == (503, True)
        assert BeautifulSoup(answer.text, "lxml").textarea.get_text().lstrip() == "Helo *eto*"
