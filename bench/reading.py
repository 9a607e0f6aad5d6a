"""What reading a page costs, beside BeautifulSoup(lxml) and mf2py on the same page: `python -m bench.reading`.

Pages of 5 kB, 100 kB and 1 MB like those of real blogs (one entry, scripts, styles, navigation; the larger ones with
nested comments).  For each: refusing it because it does not link, and reading it to the end because it does.  Processor
time, the least of some runs, both sides by turns.  Exits 1 when refusing costs more than a tenth, reading more than
half, or when the two sides do not find the same microformats."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import Any

import mf2py
from bs4 import BeautifulSoup

from mentions.interpret.microformats import parse_mf2
from mentions.model import Document, Url
from mentions.reading import read_source

SOURCE = Url("https://blog.example/2026/notes")
TARGET = "https://target.example/2026/a-post"
SIZES = {"5 kB": (7, 0, 200), "100 kB": (24, 74, 30), "1 MB": (120, 830, 7)}
"""Paragraphs, nested comments, and how often each is measured."""
MOST_REFUSING, MOST_READING = 0.1, 0.5
TEXT = """
    the gwasg wrote about reading pages slowly and what became of letters in the time of short messages she said that
    none of it was lost because people keep copies of everything they like “even this” and answer days later
"""
WORDS = TEXT.split()


def text(seed: int, words: int) -> str:
    """The same words for the same seed."""
    return " ".join(WORDS[(seed * 7 + i * (seed % 5 + 1)) % len(WORDS)] for i in range(words)).capitalize() + "."


def comment(n: int) -> str:
    return (
        f'<li class="u-comment h-cite" id="c{n}"><a class="p-author h-card" href="https://person{n}.example/">'
        f'<img class="u-photo" src="/avatars/{n % 40}.jpg" alt="" width="48" height="48"> Person {n}</a> '
        f'<a class="u-url" href="https://person{n}.example/replies/{n}"><time class="dt-published" '
        f'datetime="2026-01-{n % 28 + 1:02d}T10:{n % 60:02d}:00+01:00">January</time></a>'
        f'<div class="e-content"><p>{text(n, 60)} <a href="https://site{n}.example/x">{text(n, 3)}</a></p>'
        f"<p>{text(n + 1, 50)}</p></div></li>"
    )


def page(paragraphs: int, comments: int) -> str:
    """A blog page; its one link to TARGET stands in the middle of the entry."""
    body = [
        f"<p>{text(i, 40)} <em>{text(i, 4)}</em> <a href='/notes/{i}'>{text(i, 3)}</a></p>" for i in range(paragraphs)
    ]
    body.insert(len(body) // 2, f'<p>As <a href="{TARGET}">a post of theirs</a> has it, {text(3, 20)}</p>')
    styles = "".join(f".block-{i}{{margin:0 auto;padding:{i}px}}" for i in range(20 + comments * 2))
    scripts = "".join(f"window.w{i}=function(){{return {i}}};" for i in range(10 + comments * 2))
    nav = "".join(f'<li><a href="/tag/{i}">Tag {i}</a></li>' for i in range(8 + comments // 5))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Notes on reading</title>'
        f'<link rel="canonical" href="{SOURCE}"><link rel="stylesheet" href="/s.css"><style>{styles}</style>'
        f"<script>{scripts}</script></head><body><header><nav><ul>{nav}</ul></nav></header><main>"
        '<article class="h-entry"><h1 class="p-name">Notes on reading</h1><p>By <a class="p-author h-card" href="/">'
        '<img class="u-photo" src="/me.jpg" alt=""> Ann Author</a>, <a class="u-url" href="/2026/notes">'
        '<time class="dt-published" datetime="2026-02-03T04:05:06+01:00">3 February</time></a></p>'
        f'<p>In reply to <a class="u-in-reply-to" href="{TARGET}">a post</a></p>'
        f'<div class="e-content">{"".join(body)}</div>'
        '<p><a class="p-category" href="/tag/reading">reading</a></p>'
        f"<ol>{''.join(comment(n) for n in range(comments))}</ol></article></main>"
        f"<footer><p>{text(5, 20)}</p></footer></body></html>"
    )


def least_ms(*jobs: Callable[[], Any], rounds: int) -> list[float]:
    """The least processor time of each job, taken by turns."""
    least = [float("inf")] * len(jobs)
    for _ in range(rounds):
        for i, job in enumerate(jobs):
            begun = time.process_time()
            job()
            least[i] = min(least[i], (time.process_time() - begun) * 1000)
    return least


def comparable(found: Any) -> Any:
    """Microformats without white space, which the two treat differently, and without languages and debug output."""
    if isinstance(found, dict):
        return {k: comparable(v) for k, v in found.items() if k not in ("lang", "debug", "alternates", "html")}
    if isinstance(found, list):
        return [comparable(part) for part in found]
    return re.sub(r"\s+|(?<=\d):(?=\d\d$)", "", found) if isinstance(found, str) else found


def main() -> int:
    """Prints the table; 1 when something falls short."""
    failures = 0
    print(
        f"| page | bs4 + mf2py | refusing | ratio, at most {MOST_REFUSING} "
        f"| reading | ratio, at most {MOST_READING} | microformats |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, (paragraphs, comments, rounds) in SIZES.items():
        html = page(paragraphs, comments)
        document = Document(SOURCE, "text/html", "utf-8", html.encode())
        known, refused, read = least_ms(
            lambda html=html: mf2py.parse(doc=BeautifulSoup(html, "lxml"), url=SOURCE),
            lambda document=document: read_source(document, source=SOURCE, target="https://elsewhere.example/x"),
            lambda document=document: read_source(document, source=SOURCE, target=TARGET),
            rounds=rounds,
        )
        theirs = comparable(mf2py.parse(doc=BeautifulSoup(html, "lxml"), url=SOURCE))
        is_equal = theirs == comparable(parse_mf2(html, SOURCE))
        is_good = refused <= known * MOST_REFUSING and read <= known * MOST_READING and is_equal
        failures += not is_good
        print(
            f"| {name} ({len(html.encode()):,} bytes) | {known:.2f} ms | {refused:.2f} ms | {refused / known:.3f} "
            f"| {read:.2f} ms | {read / known:.3f} | {'equal' if is_equal else '**different**'}"
            f"{'' if is_good else ', **falls short**'} |",
            flush=True,
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
