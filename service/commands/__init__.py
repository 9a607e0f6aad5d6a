"""The command line: one module per noun, and `main`, which turns what went wrong into one line and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from config.settings import SettingsError
from mentions.errors import YmatebError
from mentions.plaintext import calm
from service.commands import blocks, hooks, moving, providers, running, sites, tokens


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Receives webmentions and pingbacks for any number of sites, and answers who asks for them."""


for part in (running, sites, tokens, blocks, hooks, providers, moving):
    part.setup(cli)


def main(arguments: Sequence[str]) -> int:
    """Runs one command; its exit code."""
    try:
        cli.main(list(arguments), prog_name="python -m service", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (YmatebError, SettingsError, click.ClickException, SQLAlchemyError, OSError) as error:
        click.echo(f"error: {explain(error)}", err=True)
        return 1
    return 0


def explain(error: Exception) -> str:
    """What went wrong, in one line, without characters that a terminal would obey: a file may have had a hand in it."""
    match error:
        case click.ClickException():
            words = error.format_message()
        case DBAPIError():
            words = f"the database failed: {error.orig}"
        case OSError() if error.filename is not None:
            words = f"cannot use {error.filename}: {error.strerror}"
        case ConnectionError() | TimeoutError() if not isinstance(error, BrokenPipeError):
            words = f"the database cannot be reached: {error or type(error).__name__}"
        case _:
            words = str(error) or type(error).__name__
    return " ".join(calm(words).split())
