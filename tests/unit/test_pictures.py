"""Strangers' pictures: what comes out is small, still, upright and anonymous, or nothing."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mentions.pictures import MAX_PIXELS, redraw

RED, BLUE = (220, 20, 20), (20, 20, 220)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def redrawn(body: bytes) -> Image.Image:
    """The picture that comes out, decoded."""
    webp = redraw(body)
    assert webp is not None
    picture = Image.open(BytesIO(webp))
    assert picture.format == "WEBP"
    picture.load()
    return picture


def is_near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    seen = picture.convert("RGB").getpixel(at)
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 40 for a, b in zip(seen, colour, strict=True))


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


def png_bomb(side: int) -> bytes:
    """A small file that says it has side x side pixels, all of them there."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (side // 8 + 2)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_every_kind_that_is_taken_becomes_a_small_webp(kind: str):
    picture = redrawn(encoded(halves(800, 400), kind))
    assert picture.size == (256, 128)
    assert is_near(picture, (40, 60), RED)
    assert is_near(picture, (216, 60), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (300, 20)])
def test_every_way_to_store_colours_is_read(mode: str, size: tuple[int, int]):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = redrawn(encoded(Image.new(mode, size), kind))
    assert picture.width == min(size[0], 256)


def test_small_pictures_are_not_blown_up():
    assert redrawn(encoded(halves(48, 48), "PNG")).size == (48, 48)


def test_what_is_transparent_stays_so():
    picture = redrawn(encoded(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG"))
    assert picture.convert("RGBA").getpixel((30, 30))[3] == 0  # type: ignore[index]


def test_of_an_animation_the_first_frame_is_shown():
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE)]
    picture = redrawn(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0))
    assert getattr(picture, "n_frames", 1) == 1
    assert is_near(picture, (30, 30), RED)


def test_a_picture_is_turned_as_its_camera_was_held_and_tells_nothing_else():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    exif[0x010E] = "at home"
    exif[0x8825] = {1: "N", 2: (53.0, 8.0, 0.0)}
    body = encoded(halves(400, 200), "JPEG", exif=exif, icc_profile=b"profile" * 20, comment=b"secret")
    picture = redrawn(body)
    assert picture.size == (128, 256)
    assert is_near(picture, (60, 40), RED)
    assert is_near(picture, (60, 216), BLUE)
    assert not picture.getexif()
    assert "icc_profile" not in picture.info


@pytest.mark.parametrize("side", [30_000, int(MAX_PIXELS**0.5) + 100], ids=["far too large", "a little too large"])
def test_a_bomb_is_no_picture(side: int):
    bomb = png_bomb(side)
    assert len(bomb) < 1 << 20
    assert redraw(bomb) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><p>not an image",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
        encoded(halves(300, 300), "PNG")[:200],
        encoded(halves(300, 300), "JPEG")[:400],
        encoded(halves(300, 300), "WEBP")[:90],
        encoded(halves(300, 300), "BMP"),
        encoded(halves(300, 300), "TIFF"),
    ],
    ids=["nothing", "html", "svg", "half a png", "half a jpeg", "half a webp", "bmp", "tiff"],
)
def test_what_is_no_whole_picture_of_a_known_kind_is_none(body: bytes):
    assert redraw(body) is None


WHOLE = [encoded(halves(40, 40), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")]


@given(st.sampled_from(WHOLE), st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_a_picture_or_none_and_never_an_error(whole: bytes, at: int, damage: bytes):
    body = whole[:at] + damage + whole[at + len(damage) :]
    webp = redraw(body)
    assert webp is None or webp.startswith(b"RIFF")
