"""docs/operating.md names only what exists."""

from __future__ import annotations

import configparser
import importlib.util
import re
from pathlib import Path

import pytest

from config.settings import Settings
from config.sources import SECRETS, variable

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/operating.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)


def test_every_variable_that_is_named_is_an_option():
    known = {variable(name) for name in [*Settings.model_fields, "config", *(f"{name}_file" for name in SECRETS)]}
    assert set(re.findall(r"\bYMATEB_[A-Z_]*[A-Z]", MANUAL)) <= known


@pytest.mark.parametrize("unit", blocks("ini"), ids=lambda unit: unit.split()[1])
def test_the_units_start_modules_that_exist(unit):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read_string(unit)
    module = re.fullmatch(r"\S+/\.venv/bin/python -m (service serve|workers run)", parser["Service"]["ExecStart"])
    assert module
    assert importlib.util.find_spec(f"{module[1].split()[0]}.__main__")
    assert int(parser["Service"]["TimeoutStopSec"]) > Settings().shutdown_grace_s


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z]+)", MANUAL)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_files_that_are_linked_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", MANUAL):
        assert (ROOT / "docs" / target).resolve().exists(), target
