"""Where settings come from besides plain variables (TOML file, `…_FILE` twins), and what to say when one is wrong.

Every complaint is one line that names the option as the operator wrote it, and never repeats a secret."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

PREFIX: Final = "YMATEB_"
SECRETS: Final = ("database_url", "redis_url", "mail_url")
"""Options that may stand in a file of their own: `YMATEB_REDIS_URL_FILE=/run/secrets/redis_url`."""
_NO_OPTIONS: Final = frozenset({"config", *(f"{name}_file" for name in SECRETS)})


class SettingsError(Exception):
    """An operator must act; the message is one line and says how."""

    code = "configuration"


def variable(name: str) -> str:
    """The environment's name of an option."""
    return PREFIX + name.upper()


def check_names(known: Iterable[str], environ: Mapping[str, str] = os.environ) -> None:
    """Refuses a variable that is nearly one of ours: a typing error would otherwise go unnoticed for ever.

    Others pass: container platforms put variables of their own beside ours (`YMATEB_SERVICE_HOST`)."""
    names = sorted({*known, *_NO_OPTIONS})
    for key in sorted(environ):
        name = key.removeprefix(PREFIX).lower()
        if key.startswith(PREFIX) and name not in names and (meant := difflib.get_close_matches(name, names, 1, 0.75)):
            raise SettingsError(f"{key} is not an option; did you mean {variable(meant[0])}?")


def toml_file(known: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The options in the file that `YMATEB_CONFIG` names; none without it."""
    named = environ.get(variable("config"))
    if not named:
        return {}
    try:
        with Path(named).open("rb") as file:
            options = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{variable('config')}: cannot read {named}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable('config')}: {named} is not valid TOML: {error}") from None
    known = {*known, *(f"{name}_file" for name in SECRETS)}
    for name in options:
        if name not in known:
            meant = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            raise SettingsError(f"{named}: {name} is not an option{hint}")
    return _with_secrets_read(options, where=named)


def _with_secrets_read(options: dict[str, Any], *, where: str) -> dict[str, Any]:
    for name in SECRETS:
        if (path := options.pop(f"{name}_file", None)) is not None:
            if name in options:
                raise SettingsError(f"{where}: {name} and {name}_file are both set; keep one")
            options[name] = _read_secret(str(path), f"{where}: {name}_file")
    return options


def secret_files(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The secrets that the environment names by file."""
    found = {}
    for name in SECRETS:
        twin = variable(f"{name}_file")
        if path := environ.get(twin):
            if environ.get(variable(name)):
                raise SettingsError(f"{variable(name)} and {twin} are both set; keep one")
            found[name] = _read_secret(path, twin)
    return found


def _read_secret(path: str, option: str) -> str:
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{option}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{option}: {path} is not text") from None
    if not value:
        raise SettingsError(f"{option}: {path} is empty")
    return value


def explain(error: ValidationError) -> str:
    """The first fault of a failed validation, as one line; the value is shown unless it is a secret."""
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "settings"
    message = fault["msg"].removeprefix("Value error, ")
    shown = "" if name in SECRETS else f" (it is {str(fault['input'])[:80]!r})"
    return f"{variable(name)}: {message}{shown}"
