"""The widget as it is published: small enough, the same bytes behind the same URL, and free of what policies refuse."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest

from service.pages.faces import PALETTES, face, seed_of
from service.widget.release import (
    LATER,
    MODULES,
    SOURCES,
    build,
    current,
    integrity,
    joined,
    keep,
    published,
    small_css,
    small_js,
)

LARGEST_LATER = {"proof.js": 1_000, "signin.js": 2_500, "twins.js": 400}
"""Bytes of what most readers never load."""


def gzipped(name: str) -> int:
    return len(gzip.compress(current().files[name].body, 9))


def test_the_script_with_its_styles_fits_ten_kilobytes():
    assert gzipped("thread.js") <= 10_000


def test_the_styles_fit_three_kilobytes():
    assert gzipped("thread.css") <= 3_000


def test_the_script_that_only_counts_fits_eight_hundred_bytes():
    assert gzipped("count.js") <= 800


def test_a_version_is_its_content():
    assert build().version == current().version
    assert re.fullmatch(r"\d+\.\d+\.\d+-[0-9a-f]{8}", current().version)


def test_every_file_is_published_with_its_hash():
    told = integrity("https://ymateb.example")
    assert told["version"] == current().version
    files = told["releases"][current().version]
    assert set(files) == {"thread.js", "thread.css", "count.js", *LATER}
    for name, facts in files.items():
        body = current().files[name].body
        assert facts["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
        assert facts["url"] == f"https://ymateb.example/widget/{current().version}/{name}"


def test_every_module_is_published_after_those_that_it_imports_from():
    assert {path.name for path in SOURCES.glob("*.js")} == {*MODULES, "count.js", *LATER}
    for at, name in enumerate(MODULES):
        asked = re.findall(r'from "\./([\w.]+)"', (SOURCES / name).read_text())
        assert set(asked) <= set(MODULES[:at])
    script = current().files["thread.js"].body.decode()
    assert not re.search(r"^(import|export)\b(?!\()", script, re.MULTILINE)


def test_no_two_modules_have_a_name_in_common():
    named = re.compile(r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", re.MULTILINE)
    names = [name for module in MODULES for name in named.findall((SOURCES / module).read_text())]
    assert len(names) > 20
    assert sorted(names) == sorted(set(names))


def test_joined_modules_meet_in_one_scope():
    later = "export class C {}\nexport async function f() {}\n"
    source = 'import { a, b } from "./first.js";\nconst text = `\nexport d`;\nimport("./own.js");\n'
    assert joined(["export const a = 1;\n", source + later]) == (
        'const a = 1;\n\n\nconst text = `\nexport d`;\nimport("./own.js");\nclass C {}\nasync function f() {}\n'
    )


def test_what_is_loaded_later_is_of_the_same_version():
    assert f'const VERSION="{current().version}";' in current().files["thread.js"].body.decode()
    assert {name: gzipped(name) for name in LATER if gzipped(name) > LARGEST_LATER[name]} == {}


def test_a_kept_release_stays_published(tmp_path: Path):
    older = keep(tmp_path).rename(tmp_path / "0.0.9-01234567")
    (older / "thread.js").write_text("// an older script\n")
    releases = published(tmp_path)
    assert list(releases) == ["0.0.9-01234567", current().version]
    assert releases["0.0.9-01234567"].files["thread.js"].body == b"// an older script\n"


@pytest.mark.parametrize("name", sorted(path.name for path in SOURCES.glob("*.js")))
def test_the_scripts_use_no_sink_no_cookie_and_no_inline_style(name: str):
    source = (SOURCES / name).read_text()
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createPolicy"
    assert not re.search(sinks, source)
    assert not re.search(r"document\.cookie|\.style\b", source)


def test_shortening_keeps_what_styles_mean():
    source = """/* a */
    .a > .b:not(.c) ,
    .d { inset: calc(1px + 2px) auto; color : red; }
    @media (width < 3rem) { p { margin: 0 } }"""
    rules = ".a>.b:not(.c),.d{inset:calc(1px + 2px) auto;color :red}"
    assert small_css(source) == rules + "@media (width < 3rem){p{margin:0}}"


def test_shortening_a_script_drops_comments_and_space_that_means_nothing():
    source = "// one\n  const a = 'http://x'; // two\n\n\tconst b = '; // c';\nf(a, // three\n b);\n"
    assert small_js(source) == "const a='http://x';\nconst b='; // c';\nf(a,// three\nb);\n"
    source = 'if (a === 1 && !b) return { c: `= ${d} ?`, "e , f": [...g, -h + +i] };'
    assert small_js(source) == 'if(a===1&&!b)return{c:`= ${d} ?`,"e , f":[...g,-h + +i]};\n'


def test_a_face_is_always_the_same_and_different_people_have_different_ones():
    assert face(seed_of("https://ann.example/")) == face(seed_of("https://ann.example/"))
    assert len({face(seed_of(f"https://{n}.example/")) for n in range(200)}) > 180
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for palette in PALETTES for colour in palette)
    assert seed_of(None, "", "Ann") == seed_of("Ann")
