"""Every option stands in config/example.toml and in docs/operating.md, with its default and its help."""

from __future__ import annotations

import tomllib
from pathlib import Path

import config
from config import reference
from config.settings import SECTIONS, Settings

ROOT = Path(__file__).parents[2]


def test_the_example_file_is_what_the_settings_say():
    assert (ROOT / "config/example.toml").read_text() == reference.toml(), "run `make docs`"


def test_the_example_file_says_only_defaults(monkeypatch):
    options = tomllib.loads((ROOT / "config/example.toml").read_text())
    assert Settings(**options) == Settings()
    assert set(Settings.model_fields) - set(options) == {"database_url", "redis_url", "mail_url"}


def test_every_option_stands_in_one_section_and_has_a_help_line():
    named = [name for section in SECTIONS for name in section.model_fields]
    assert sorted(named) == sorted(Settings.model_fields)
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_release_is_the_one_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == config.VERSION


def test_the_operators_manual_has_the_table_of_options():
    assert reference.markdown() in (ROOT / "docs/operating.md").read_text(), "run `make docs`"
