"""Servers that others wrote, as they are packaged: a WordPress and an Isso.  `make test-peers` runs these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.peers.wordpress import Machine


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """What the WordPresses of the run share."""
    with Machine() as shared:
        yield shared
