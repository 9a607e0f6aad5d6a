"""How much work would a tree of this HTML be?  Asked of strangers' markup before any parser builds one.

The HTML standard makes some small inputs huge or slow for every conforming parser: nesting (each start tag looks
through the open elements), attributes (each is compared with those before it), and formatting elements left open, which
are copied into every following block (97 KiB become 611 MB).  One pass over the tags estimates all three, so that such
a page is refused in milliseconds.  The estimate is for the honest and for the usual hostile page; what slips through
meets the CPU and memory limits of the reading process (workers/reading.py)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

_TAG: Final = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>]).*?(?:</(?P=raw)(?=[\s/>])|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*)(?P<attributes>[^>]*)",
    re.IGNORECASE | re.DOTALL,
)
_NAME: Final = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]*)")
_LONG: Final = re.compile(r"<[A-Za-z][^>]{768}")
_ATTRIBUTE: Final = re.compile(r"""(?:\s|/|["'])[^\s/>"'=]+""")
_QUOTED: Final = re.compile(r"""=\s*(?:"[^"]*"|'[^']*')""")
"""Values, whose spaces part no attributes: the `d` of a drawing, a `srcset`."""
_VOID: Final = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "keygen",
        "frame",
        "basefont",
        "bgsound",
    ]
)
_SELF_CLOSING: Final = frozenset(
    [
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "tfoot",
        "option",
        "optgroup",
        "rt",
        "rp",
        "colgroup",
        "caption",
    ]
)
"""Elements whose next sibling ends them, so that leaving them open does not nest."""
_FORMATTING: Final = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
_NODE_BYTES: Final = 160
"""What an element costs a parser beside its attributes, roughly."""
_FEW: Final = 100
"""So few tags, none of them long, come near no limit whatever they are."""
_SLACK: Final = 64
"""End tags without a start tag that an honest page may have."""
_FAMILY: Final = 3
"""Equal formatting elements that a parser keeps (the "Noah's Ark clause")."""
_LONG_TAG: Final = 768
"""Attributes are counted in tags longer than this only: shorter ones cannot hold many."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a parser would have to do, estimated."""

    tags: int = 0
    depth: int = 0
    """Most elements open at a time that have to be closed by their own end tag."""
    attributes: int = 0
    """Most attributes of one tag."""
    steps: int = 0
    """Open elements that would be looked through, over all start tags."""
    copied: int = 0
    """Bytes of formatting elements copied into following blocks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of it is too much."""

    length: int
    tags: int
    depth: int
    attributes: int
    steps: int = 100_000_000
    copied: int = 64 << 20


PAGE: Final = Limits(length=4 << 20, tags=250_000, depth=6_000, attributes=512)
"""For a whole page, read by a parser that does not recurse."""
FRAGMENT: Final = Limits(length=512 << 10, tags=20_000, depth=256, attributes=64, steps=2_000_000, copied=1 << 20)
"""For the content of an entry, which the sanitiser builds a tree from."""


def objection(html: str, limits: Limits) -> str | None:
    """Why no tree should be built from `html`, in words; None when nothing speaks against it."""
    if len(html) > limits.length:
        return f"more than {limits.length} characters"
    if (html.count("<") <= _FEW and _LONG.search(html) is None) or _is_plainly_small(html, limits):
        return None
    bulk = measure(html)
    for found, limit, words in (
        (bulk.tags, limits.tags, "tags"),
        (bulk.depth, limits.depth, "elements inside each other"),
        (bulk.attributes, limits.attributes, "attributes on one element"),
        (bulk.steps, limits.steps, "steps through open elements"),
        (bulk.copied, limits.copied, "bytes of formatting left open"),
    ):
        if found > limit:
            return f"more than {limit} {words}"
    return None


def _is_plainly_small(html: str, limits: Limits) -> bool:
    """Whether a rough count, which costs a tenth of `measure`, already shows that nothing comes near a limit."""
    names = _NAME.findall(html)
    if not names:
        return True
    counts = Counter(names)
    tags = sum(count for name, count in counts.items() if name[0] != "/")
    unmatched = sum(
        count - counts[name[1:]] for name, count in counts.items() if name[0] == "/" and count > counts[name[1:]]
    )
    step = {name: _step(name.lower()) for name in counts}
    open_elements = list(accumulate(map(step.__getitem__, names)))
    formatting = {name: value if name.lstrip("/").lower() in _FORMATTING else 0 for name, value in step.items()}
    copies = max(accumulate(map(formatting.__getitem__, names))) * tags * (_NODE_BYTES + _LONG_TAG)
    deepest = max(open_elements)
    return (
        tags <= limits.tags
        and max(unmatched, -min(open_elements)) <= _SLACK
        and deepest + 2 * _SLACK <= limits.depth
        and deepest * tags <= limits.steps
        and copies <= limits.copied
        and _LONG.search(html) is None
    )


def _step(name: str) -> int:
    """What a tag adds to the number of open elements."""
    bare = name.removeprefix("/")
    return 0 if bare in _VOID or bare in _SELF_CLOSING else -1 if name != bare else 1


def measure(html: str) -> Bulk:
    """One pass over the tags of `html`."""
    tags = depth = deepest = attributes = steps = copied = 0
    open_by_name: Counter[str] = Counter()
    formatting = _Formatting()
    for match in _TAG.finditer(html):
        if (written := match["name"]) is None:
            continue
        name = written.lower()
        if match["end"]:
            if name in _FORMATTING:
                formatting.close(name)
            elif open_by_name[name] > 0:
                open_by_name[name] -= 1
                depth -= 1
            continue
        tags += 1
        steps += depth
        inside = match["attributes"]
        if len(inside) > _LONG_TAG:
            attributes = max(attributes, len(_ATTRIBUTE.findall(_QUOTED.sub('"', inside))))
        if name in _FORMATTING:
            formatting.open(name, inside)
            continue
        copied += formatting.size
        if name not in _VOID and name not in _SELF_CLOSING:
            open_by_name[name] += 1
            depth += 1
            deepest = max(deepest, depth)
    return Bulk(tags, deepest + formatting.most, attributes, steps, copied)


class _Formatting:
    """The formatting elements that are open, and what copying them once would cost."""

    def __init__(self) -> None:
        self.size = 0
        self.most = 0
        self._open: dict[str, list[tuple[str, int]]] = {}
        self._alike: Counter[tuple[str, str]] = Counter()
        self._count = 0

    def open(self, name: str, inside: str) -> None:
        if name == "a":
            self.close(name)  # a link ends the one before it
        alike = (name, inside)
        self._alike[alike] += 1
        cost = _NODE_BYTES + len(inside) if self._alike[alike] <= _FAMILY else 0
        self._open.setdefault(name, []).append((inside, cost))
        self.size += cost
        self._count += 1
        self.most = max(self.most, self._count)

    def close(self, name: str) -> None:
        if stack := self._open.get(name):
            inside, cost = stack.pop()
            self._alike[name, inside] -= 1
            self.size -= cost
            self._count -= 1
