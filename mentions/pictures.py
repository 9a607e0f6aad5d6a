"""A stranger's picture, drawn anew: small, still, upright, and nothing in it but its pixels.

Bytes in, bytes out, for a reading process: decoders are written in C and fed by strangers.  What is no picture of a
kind that we take, or more pixels than anybody needs for a face, is none; SVG never is (it is a program)."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

TYPES: Final = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/avif"})
"""The media types that are fetched."""
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
MAX_PIXELS: Final = 25_000_000
MAX_SIDE: Final = 256
QUALITY: Final = 80
_WITHOUT_SHADES: Final = frozenset({"1", "P", "PA"})
"""Modes in which pixels cannot be averaged."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def redraw(body: bytes) -> bytes | None:
    """The first frame of a picture as WebP, at most 256 px wide and high; None when it is none that we take."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(body), formats=FORMATS) as picture:
                return _webp(_small(picture))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _small(picture: Image.Image) -> Image.Image:
    """Scaled down (JPEG while it is decoded), turned as its camera was held."""
    shaded = picture.convert("RGBA") if picture.mode in _WITHOUT_SHADES else picture
    shaded.thumbnail((MAX_SIDE, MAX_SIDE))
    return ImageOps.exif_transpose(shaded)


def _webp(picture: Image.Image) -> bytes:
    """Encoded from a picture that has pixels only: no place, no camera, no colour profile comes along."""
    plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    plain.info.clear()
    out = BytesIO()
    plain.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
