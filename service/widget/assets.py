"""A file that is kept in memory with its hashes, and the answer to a request for it.

Everything static that the service hands out (widget, pages' styles, drawings) goes this way: compressed once, with an
ETag, readable from any origin.  Knows nothing of what the file is for."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from service import answers

IMMUTABLE: Final = "public, max-age=31536000, immutable"
SHORT: Final = "public, max-age=300, stale-while-revalidate=86400"
MIN_COMPRESSED_BYTES: Final = 256


@dataclass(frozen=True)
class Asset:
    """Bytes with their media type; what follows from them is worked out once."""

    name: str
    content_type: str
    """With its charset, as it goes into the header."""
    body: bytes
    compressed: bytes = field(init=False, repr=False)
    etag: str = field(init=False)
    integrity: str = field(init=False)
    """`sha384-…`, for the `integrity` attribute of those who load this file."""

    def __post_init__(self) -> None:
        digest = hashlib.sha384(self.body).digest()
        object.__setattr__(self, "compressed", gzip.compress(self.body, 9, mtime=0))
        object.__setattr__(self, "etag", hashlib.sha256(self.body).hexdigest()[:20])
        object.__setattr__(self, "integrity", "sha384-" + base64.b64encode(digest).decode())


def answer(request: web.Request, asset: Asset, *, cache: str) -> web.Response:
    """The file, or 304 when the asker has it."""
    headers = {
        "Cache-Control": cache,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
        "ETag": f'"{asset.etag}"',
    }
    if asset.content_type.startswith("image/svg"):
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if answers.is_known(request, asset.etag):
        return web.Response(status=304, headers=headers)
    body = asset.body
    if len(body) >= MIN_COMPRESSED_BYTES and answers.takes_gzip(request):
        body = asset.compressed
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = asset.content_type
    return web.Response(body=body, headers=headers)
