"""Copies of one response through the API: one is listed, the others beside it, until the owner says otherwise."""

from mentions.storage import entries
from tests.integration.service.conftest import NOW, POST


async def test_one_copy_is_listed_and_the_other_named_beside_it_until_it_is_split(service):
    first = await service.respond("https://ann.example/re")
    copy = await service.respond("https://ann.example/re/print", author=first.reaction.author)
    async with service.db.write() as c:
        await entries.update(c, copy.id, now=NOW, cluster_id=first.id)

    async def seen():
        listed = (await service.get(f"/api/mentions.jf2?target={POST}")).json()["children"]
        counted = (await service.get(f"/api/count?target={POST}")).json()["count"]
        thread = (await service.get(f"/api/thread?target={POST}")).json()
        return [e["wm-id"] for e in listed], counted, thread["count"], thread["children"][0].get("wm-also")

    assert await seen() == ([first.id], 1, 1, ["https://ann.example/re/print"])
    split = f"/api/entries/{copy.id}/split"
    assert (await service.post(split)).status == 401
    assert (await service.post(split, token=await service.token_with("read"))).status == 403
    assert (await service.post("/api/entries/99/split", token=service.token)).status == 404
    assert (await service.post(split, token=service.token)).json() == {"wm-id": copy.id, "split": [copy.id]}
    assert (await service.post(split, token=service.token)).json() == {"wm-id": copy.id, "split": []}
    assert await seen() == ([copy.id, first.id], 2, 2, None)
    [decision] = (await service.get("/api/audit", token=service.token)).json()["decisions"]
    assert (decision["act"], decision["actor"].partition(":")[0]) == ("split", "token")
