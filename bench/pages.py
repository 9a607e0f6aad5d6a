"""Pages for the whole way: `python -m bench.pages PORT`; `/post`, and `/5k/N`, `/100k/N`, each N a page of its own.

An h-entry that replies to `/post`, with a card, content and, in the large one, scripts, styles and nested comments."""

from __future__ import annotations

import asyncio
import sys
from html import escape

import uvloop
from aiohttp import web

SIZES = {"5k": 5_000, "100k": 100_000}


def page(target: str, size: int) -> bytes:
    """A page of about `size` bytes."""
    link = escape(target)
    head = "<title>A response</title><style>" + "p{margin:0} " * (size // 80) + "</style>"
    card = '<a class="p-author h-card" href="/">Ann Author</a>'
    words = "<p>Some words with <em>markup</em> and a <a href='/elsewhere'>link</a>.</p>"
    comment = '<div class="u-comment h-cite"><a class="p-author h-card" href="/b">Bo</a><p class="p-content">Yes'
    entry = f'{card}<a class="u-in-reply-to" href="{link}">in reply to</a><div class="e-content">'
    entry += words * (size // 3 // len(words)) + "</div>"
    entry += comment * (size // 4 // len(comment))
    html = f'<!doctype html><html lang="en"><head>{head}</head><body><article class="h-entry">{entry}</article>'
    return html.encode()


async def serve(port: int) -> None:
    """Until SIGTERM."""
    ready = {name: page(f"http://127.0.0.1:{port}/post", size) for name, size in SIZES.items()}

    async def get(request: web.Request) -> web.Response:
        return web.Response(body=ready[request.match_info["size"]], content_type="text/html", charset="utf-8")

    async def post(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>The post</title><p>Words.", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/post", post), web.get("/{size}/{n}", get)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
