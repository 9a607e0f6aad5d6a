# ruff: noqa: E501 -- markup and data read better unbroken
"""Pages made to cost a parser minutes or gigabytes, each with a link to the target (notes on parsers, all measured)."""

from __future__ import annotations

TARGET = "https://target.example/post"
LINK = f'<a href="{TARGET}">x</a>'
REPLY = f'<div class="h-entry"><a class="u-in-reply-to" href="{TARGET}">re</a><p class="e-content">said</p></div>'


def nested(tag: str, times: int) -> str:
    name = tag.strip("<>").split()[0]
    return tag * times + LINK + f"</{name}>" * times


PAGES: dict[str, str] = {
    "classic cards in each other, 400": nested('<div class="vcard">', 400) + REPLY,
    "classic entries in each other, 400": nested('<div class="hentry"><div class="entry-content">', 400) + REPLY,
    "entries in each other, 2000": nested('<div class="h-entry">', 2000) + REPLY,
    "contents in each other, 500": nested('<div class="h-entry"><div class="e-content">', 500) + REPLY,
    "cards as properties in each other, 1000": nested('<div class="p-author h-card">', 1000) + REPLY,
    "divisions in each other, 1000": nested("<div>", 1000) + REPLY,
    "divisions in each other, 5000": nested("<div>", 5000) + REPLY,
    "divisions in each other, 100000": nested("<div>", 100_000),
    "divisions never closed, 5000": REPLY + "<div>" * 5000,
    "bold never closed, 20000": REPLY + "<b>" * 20_000,
    "paragraphs of open bold, 1000": "<p><b><b><b>" * 1000 + REPLY,
    "paragraphs of open bold, 2000": "<p><b><b><b>" * 2000 + REPLY,
    "formatting of many kinds, copied": "".join(f"<b id={i}>" for i in range(4000)) + "<p>a" * 10_000 + REPLY,
    "a long link copied into 8000 paragraphs": f"<p><a href={'A' * 32_000}>" + "<p>a" * 8000 + REPLY,
    "a long link copied into 2000 paragraphs": f"<p><a href={'A' * 16_000}>" + "<p>a" * 2000 + REPLY,
    "60000 attributes on one element": "<a " + " ".join(f"a{i}=1" for i in range(60_000)) + ">" + REPLY,
    "400 attributes on each of 800 elements": ("<a " + " ".join(f"a{i}" for i in range(250)) + "></a>") * 500 + REPLY,
    "tables of links in each other, 20000": "<table><a>" * 20_000 + REPLY,
    "lists in each other, 64000": "<ul><li>" * 64_000 + REPLY,
    "lists in each other, 2500": "<ul><li>" * 2500 + REPLY,
    "20000 rel links": "".join(f'<a rel="tag" href="/{i}">t</a>' for i in range(20_000)) + REPLY,
    "20000 links to the target": LINK * 20_000,
    "5000 classes on one element": f'<div class="h-entry {" ".join(f"p-{chr(97 + i % 26)}{i}" for i in range(5000))}">{LINK}</div>',
    "5000 property classes on one element": f'<div class="h-entry"><p class="{"p-name " * 5000}">{"x" * 100_000}{LINK}</p></div>',
    "10000 entries": REPLY * 10_000,
    "10000 comments": f'<div class="h-entry"><a class="u-in-reply-to" href="{TARGET}"></a>'
    + '<div class="u-comment h-cite"><p class="p-content">c</p></div>' * 10_000
    + "</div>",
    "content of a megabyte": f'<div class="h-entry">{LINK}<div class="e-content">{"<p>word " * 120_000}</div></div>',
    "content of 60000 links": f'<div class="h-entry">{LINK}<div class="e-content">{"<a href=/x>y</a>" * 40_000}</div></div>',
    "a word of a megabyte": f'<div class="h-entry">{LINK}<div class="e-content">{"x" * 1_000_000}</div></div>',
    "a title of a megabyte": f"<title>{'t ' * 500_000}</title>{LINK}",
    "a name of a megabyte": f'<div class="h-entry">{LINK}<b class="p-name">{"n " * 450_000}</b></div>',
    "an address of a megabyte": f'<div class="h-entry">{LINK}<a class="u-url" href="http://x.example/{"u" * 900_000}">u</a></div>',
    "marks piled up": f'<div class="h-entry">{LINK}<p class="e-content">a{chr(0x301) * 200_000}</p></div>',
    "white space of a megabyte": f'<div class="h-entry">{LINK}<p class="e-content">a{" " * 900_000}b</p></div>',
    "line breaks of a megabyte": f'<div class="h-entry">{LINK}<p class="e-content">{"<br>" * 200_000}</p></div>',
    "entities": f'<div class="h-entry">{LINK}<p class="e-content">{"&amp;" * 200_000}</p></div>',
    "open angles": LINK + "<" * 900_000,
    "open comments": LINK + "<!--" * 200_000,
    "open scripts": LINK + "<script " * 100_000,
    "JSON-LD in itself, 100000 deep": f'<script type="application/ld+json">{"[" * 60_000}</script>{LINK}',
    "JSON-LD in itself, 500 deep": f'<script type="application/ld+json">{"[" * 500 + "]" * 500}</script>{LINK}',
    "JSON-LD of 100 kB": f'<script type="application/ld+json">[{",".join(["{}"] * 30_000)}]</script>{LINK}',
    "5000 JSON-LD scripts": '<script type="application/ld+json">{}</script>' * 5000 + LINK,
    "dates": f'<div class="h-entry">{LINK}<time class="dt-published" datetime="{"9" * 500_000}">x</time></div>',
    "an emoji of a megabyte": f'<div class="h-entry"><a class="u-in-reply-to" href="{TARGET}"></a><p class="e-content">'
    + "\U0001f468\u200d" * 100_000
    + "</p></div>",
    "a srcset of a megabyte": f'<div class="h-entry">{LINK}<img class="u-photo" src="/x" srcset="{"a 1x, " * 120_000}"></div>',
    "the link at the end of one long paragraph": "<p>" + "word " * 180_000 + LINK,
    "pictures in 200 properties in each other": REPLY
    + '<div class="h-entry">'
    + '<div class="p-a">' * 200
    + "<img>" * 50_000,
    "lines in 200 properties in each other": REPLY
    + '<div class="h-entry">'
    + '<div class="p-a">' * 200
    + "<br>" * 50_000,
    "nothing in 200 properties in each other": REPLY
    + '<p class="h-entry">'
    + '<q class="p-a">' * 200
    + "<i></i>" * 50_000,
    "the link in nothing but blocks": "<div>" * 200 + LINK,
}
