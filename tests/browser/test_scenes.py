"""axe finds nothing in any state of the widget, in either language and either colour scheme."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.browser.scenes import SCENES, perform
from tests.browser.world import World

pytestmark = pytest.mark.browser

GUISES = (("en", "light", 1200), ("cy", "dark", 320))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_axe_finds_nothing(world: World, browser: Browser, scene):
    for take, (lang, scheme, width) in enumerate(GUISES):
        url = scene.place(world, lang, take)
        if scene.act or not take:
            await scene.fill(world, url)
        context = await browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce", **scene.context
        )
        page = await context.new_page()
        await page.goto(url)
        await perform(scene, world, page)
        results = await Axe().run(page, context="ymateb-thread")
        assert results.violations_count == 0, results.generate_report()
        wider_by = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider_by <= 0
        await context.close()
