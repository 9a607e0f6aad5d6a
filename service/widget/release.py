"""The widget as it is published: sources made small, joined, versioned by their content, with their integrity hashes.

No build step and no tool of another language: the sources are plain modules and plain CSS.  What is cut away is white
space and comments, and the imports and exports between the modules that are joined to thread.js.  A version lives for
ever in its immutable URL, because sites pin its hash: before a release that changes the widget, the published files
are kept in `releases/<version>/`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from config import VERSION
from service.widget.assets import Asset

HERE: Final = Path(__file__).parent
SOURCES: Final = HERE / "src"
RELEASES: Final = HERE / "releases"
TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_SPACE: Final = re.compile(r"\s*([{};,>~])\s*")
_JS_REMARK: Final = re.compile(r"(?<=[;{}]) // [^\"'`]*\Z")
_JS_SPACE: Final = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|//.*)|\s*([=>?:&|,;{}()\[\]]+)\s*"""
)
_JS_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./[\w.]+";$', re.MULTILINE)
_JS_EXPORT: Final = re.compile(r"^export (?=const |(async )?function |class )", re.MULTILINE)
_PLACEHOLDER: Final = '"__STYLES__"'
_OWN_VERSION: Final = '"__VERSION__"'
MODULES: Final = (
    "origin.js", "styles.js", "fetching.js", "keeping.js", "markup.js", "words.js", "liking.js", "comments.js",
    "thread.js",
)  # fmt: skip
"""What the published thread.js is joined from: one scope, and each module after those that it imports from."""
LATER: Final = ("proof.js", "signin.js", "twins.js")
"""Modules that thread.js loads when they are needed, from its own version's folder."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the widget: file name -> file."""

    version: str
    files: Mapping[str, Asset]


def small_css(source: str) -> str:
    """CSS without comments and without white space that means nothing; `calc()` and selectors keep theirs."""
    text = " ".join(_CSS_COMMENT.sub("", source).split())
    text = _CSS_SPACE.sub(r"\1", text)
    return text.replace(": ", ":").replace(";}", "}")


def small_js(source: str) -> str:
    """A script without indentation, empty lines, comments, and space beside punctuation; names stay as they are.

    A comment behind code counts as one where a statement or a block has just ended, and no quote follows.  Strings and
    templates of one line keep their space; regular expressions with space in them, templates of several lines, and
    `+ +`, must not be written in the sources."""
    lines = (_JS_SPACE.sub(_without_space, _JS_REMARK.sub("", line.strip())) for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _without_space(found: re.Match[str]) -> str:
    return found[1] or found[2]


def joined(sources: Iterable[str]) -> str:
    """Modules as one, without what they import from each other and export to each other."""
    return "\n".join(_JS_EXPORT.sub("", _JS_IMPORT.sub("", source)) for source in sources)


def build() -> Release:
    """The version that the sources make."""
    css = small_css((SOURCES / "thread.css").read_text("utf-8"))
    thread = small_js(joined((SOURCES / name).read_text("utf-8") for name in MODULES))
    if thread.count(_PLACEHOLDER) != 1:
        raise ValueError("the modules have no single place for the styles")
    texts = {
        "thread.js": thread.replace(_PLACEHOLDER, json.dumps(css, ensure_ascii=False)),
        "thread.css": css + "\n",
        **{name: small_js((SOURCES / name).read_text("utf-8")) for name in ("count.js", *LATER)},
    }
    version = f"{VERSION}-{hashlib.sha256(chr(0).join(texts.values()).encode()).hexdigest()[:8]}"
    texts["thread.js"] = texts["thread.js"].replace(_OWN_VERSION, json.dumps(version))
    files = {name: Asset(name, TYPES[Path(name).suffix], text.encode()) for name, text in texts.items()}
    return Release(version, files)


@cache
def current() -> Release:
    """The version that `/widget.js` hands out."""
    return build()


@cache
def published(releases: Path = RELEASES) -> Mapping[str, Release]:
    """Every version that has a URL, by its name."""
    kept = [_kept(folder) for folder in sorted(releases.iterdir()) if folder.is_dir()] if releases.is_dir() else []
    return {release.version: release for release in (*kept, current())}


def _kept(folder: Path) -> Release:
    files = {
        path.name: Asset(path.name, TYPES[path.suffix], path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }
    return Release(folder.name, files)


def integrity(base: str) -> dict[str, object]:
    """What `/widget/integrity.json` says: for every version and file its URL, its hash and its size."""
    return {
        "version": current().version,
        "releases": {
            release.version: {
                name: {
                    "url": f"{base}/widget/{release.version}/{name}",
                    "integrity": asset.integrity,
                    "bytes": len(asset.body),
                    "bytes_gzip": len(asset.compressed),
                }
                for name, asset in release.files.items()
            }
            for release in published().values()
        },
    }


def keep(releases: Path = RELEASES) -> Path:
    """Writes the current version down, so that its URL outlives the sources; the folder."""
    release = current()
    folder = releases / release.version
    folder.mkdir(parents=True, exist_ok=True)
    for name, asset in release.files.items():
        (folder / name).write_bytes(asset.body)
    return folder
