"""docs/conformance.md: every requirement names code and tests that exist."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
HEADER = "| id | level | our reading | code (module:function) | test (path::name) |"


class Row(NamedTuple):
    id: str
    level: str
    reading: str
    code: str
    test: str


def rows() -> list[Row]:
    lines = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8").splitlines()
    tables = [line for line in lines if line.startswith("|") and line != HEADER and not set(line) <= set("|-")]
    return [Row(*(cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])) for line in tables]


ROWS = rows()


@cache
def names_of_tests_in(path: str) -> set[str]:
    """`name`, or `Class::name`, of every test function of a file."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in module.body if isinstance(node, functions)}
    for group in (node for node in module.body if isinstance(node, ast.ClassDef)):
        names |= {f"{group.name}::{node.name}" for node in group.body if isinstance(node, functions)}
    return names


def test_every_requirement_stands_there_once_and_in_full() -> None:
    assert len(ROWS) > 50
    ids = [row.id for row in ROWS]
    assert sorted(ids) == sorted(set(ids))
    assert {row.level for row in ROWS} <= {"M", "S", "R", "H"}
    assert all(row.reading and row.code and row.test for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_code_of_a_requirement_exists(row: Row) -> None:
    names = re.findall(r"`([^`]+)`", row.code)
    assert names
    for name in names:
        module, _, attribute = name.partition(":")
        found: object = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        assert callable(found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_test_of_a_requirement_exists(row: Row) -> None:
    names = re.findall(r"`([^`]+)`", row.test)
    assert names
    for name in names:
        path, _, test = name.partition("::")
        assert test in names_of_tests_in(path), name
        assert test.rpartition("::")[2].startswith("test_")
