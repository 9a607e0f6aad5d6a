"""Logs: text for people on a terminal, one JSON object per line for machines, always on standard error.

Ours come through structlog; what libraries say through `logging` is brought into the same form.  An event is named
`noun.past_verb`, then fields; never a body, token or address."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor

from config.settings import Settings

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_CHATTY: Final = {"aiosqlite": 30, "asyncio": 30, "alembic": 30, "PIL": 30, "charset_normalizer": 30, "markdown_it": 30}
"""Libraries that tell their own steps; their warnings are enough."""


def configure(settings: Settings) -> None:
    """Sets up logging for this process.  Call it once, before the event loop starts."""
    level = _LEVELS[settings.log_level]
    for_people = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[*_shared(for_people=for_people), *_rendering(for_people=for_people)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
        if for_people
        else structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries(level, for_people=for_people)


def get_logger(name: str) -> Any:
    """The logger of a module; `name` says in each line who speaks."""
    return structlog.get_logger(name, module=name)


def _shared(*, for_people: bool) -> list[Processor]:
    stamp = (
        structlog.processors.TimeStamper("%H:%M:%S", utc=False)
        if for_people
        else structlog.processors.TimeStamper("iso")
    )
    return [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]


def _rendering(*, for_people: bool) -> list[Processor]:
    if for_people:
        return [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_dump)]


def _dump(event: EventDict, **_: Any) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)


def _adopt_libraries(level: int, *, for_people: bool) -> None:
    """One handler at the root of `logging`, with the same processors."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(for_people=for_people), structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(for_people=for_people),
            _as_text,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(least, level))


def _as_text(_logger: object, _method: str, rendered: Any) -> Any:
    """`logging` writes text; the JSON renderer makes bytes."""
    return rendered.decode() if isinstance(rendered, bytes) else rendered
