"""Programmable sites on loopback, with ports from the kernel: what strangers' servers do, well and badly.

    Blog      posts that link to something; edited, deleted (410), lost (404), moved (301), failing for a while
    Pingable  pages that advertise webmention or pingback endpoints, and what those received
    Hostile   slow drips, bombs, loops, lying lengths, endless bodies: each under a name of its own
    IndieAuthSite  vouches for its owner, or for whom it likes
    Mailbox   a mail server that takes everything, and may refuse, ask for a password or hang
    MentionsApi  webmention.io's reading API, with what it holds and how it pages
    OidcProvider  signs in whoever comes (OpenID Connect), and lies as it is told

Each is an async context manager on an address of 127.0.0.0/8, so that one machine holds hundreds of hosts."""

from tests.peers.blog import Blog
from tests.peers.hostile import Hostile
from tests.peers.indieauth import IndieAuthSite
from tests.peers.mailbox import Mailbox
from tests.peers.mentions_api import MentionsApi
from tests.peers.oidc import OidcProvider
from tests.peers.peer import Peer, Seen
from tests.peers.pingable import Pingable

__all__ = ["Blog", "Hostile", "IndieAuthSite", "Mailbox", "MentionsApi", "OidcProvider", "Peer", "Pingable", "Seen"]
