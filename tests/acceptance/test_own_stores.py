"""On a PostgreSQL and a Redis of the operator's own, with more than one process of each kind."""

from __future__ import annotations

import subprocess

import pytest

from tests.acceptance.crowd import Crowd
from tests.support.processes import free_port
from tests.support.product import Product
from tests.support.waiting import eventually

pytestmark = pytest.mark.acceptance


@pytest.fixture
def stores(postgres_url, redis_url, tmp_path) -> dict[str, str]:
    """Settings that name both stores: one as a variable, one by the file that a secret is kept in."""
    secret = tmp_path / "database_url"
    secret.write_text(postgres_url + "\n")
    return {"YMATEB_DATABASE_URL_FILE": str(secret), "YMATEB_REDIS_URL": redis_url}


async def test_the_service_refuses_to_start_on_a_database_that_was_not_migrated(stores):
    product = Product(workers=0, settings=stores)
    async with product.commands_only():
        said = await product.command("service", "serve", status=1)
        assert "python -m service migrate" in said
        assert len(said.strip().splitlines()) == 1, said
        await product.command("service", "migrate")
        await product.command("service", "migrate")  # again changes nothing
        assert (await product.add_site("blog.example"))["site"] == "blog.example"


async def test_two_services_and_two_workers_share_the_work(stores, blog):
    target = blog.page("/post")
    async with Crowd(10, network="127.0.6") as crowd, Product(workers=2, settings=stores, migrate=True) as product:
        await product.add_site(blog.authority)
        other_port = free_port()
        other = product.spawn("service", "serve", YMATEB_PORT=str(other_port))
        other_base = f"http://127.0.0.1:{other_port}"

        async def other_is_ready() -> bool:
            async with product.http.get(f"{other_base}/readyz") as response:
                return response.status == 200

        await eventually(other_is_ready)
        claims = crowd.claims(60, target)
        locations = {}
        for number, (source, _) in enumerate(claims):
            base = other_base if number % 2 else product.base
            form = {"source": source, "target": target}
            async with product.http.post(f"{base}/webmention", data=form, allow_redirects=False) as response:
                assert response.status == 201, await response.text()
                locations[source] = response.headers["Location"]
        for source, ending in claims:
            assert (await product.settled(locations[source]))["status"] == ending
        async with product.http.get(f"{other_base}/api/count", params={"target": target}) as response:
            counted = (await response.json())["count"]
        assert counted == len(await product.shown_on(target)) == sum(ending == "success" for _, ending in claims)
        assert product.redis_pids() == [], "nobody started an embedded Redis beside the one that was named"
        assert not (product.data / "ymateb.sqlite3").exists()
        other.terminate()
        assert other.wait(15) == 0


def test_a_wrong_setting_ends_every_command_in_one_line(tmp_path):
    for command in (["service", "serve"], ["service", "site", "list"], ["workers", "run"]):
        ran = subprocess.run(
            [Product.python, "-m", *command],
            cwd=Product.root,
            env={"PATH": "/usr/bin:/bin", "YMATEB_PORT": "many", "YMATEB_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ran.returncode == 1
        assert "YMATEB_PORT" in ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
