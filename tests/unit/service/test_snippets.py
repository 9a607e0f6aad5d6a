"""What people copy from /demo into their edges; each was tried for real before it was written down."""

from __future__ import annotations

import re

from service.pages.snippets import snippets


def test_nginx_asks_for_the_fragment_by_a_name_that_it_looks_up_once_and_uncompressed():
    """A variable in `proxy_pass` needs a resolver (502 without), and an include of gzip is gzip in the page."""
    edge = snippets("https://responses.example.com")["edge"]
    assert re.findall(r"proxy_pass (.*);", edge) == ["https://responses.example.com/thread.html"]
    assert 'proxy_set_header Accept-Encoding "";' in edge
