"""What people see: front page, threads, permalinks, forms, status, demo, errors.

`setup(app)` adds the routes; `render` answers a person from any other module.  Templates that others use:

- `webmention_form.html`: `action`, `site` (or None), `source`, `target`
- `status.html`: `status`, the JSON of the status URL (contract §3)
- `error.html`: `status`, `code`, `message` (what is wrong, in English, or None)"""

from __future__ import annotations

from aiohttp import web

from service.pages import demo, editing, permalink, portraits, static, threads, views
from service.pages.answer import html_answer, language_of, own_path, render
from service.pages.fragment import Look, render_thread

__all__ = ["Look", "html_answer", "language_of", "own_path", "render", "render_thread", "setup"]


def setup(app: web.Application) -> None:
    """Adds every page."""
    for module in (static, portraits, threads, permalink, editing, views, demo):
        module.setup(app)
