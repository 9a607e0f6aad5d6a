"""IndieAuth: somebody is who can let their own website vouch for them.  (https://indieauth.spec.indieweb.org/)

Which URLs stand for a person (3.2, 3.4), who vouches for one (4.1), what is asked (5.2), and whether the answer may be
believed (5.3.4, 5.4).  Stricter than the text where the text leaves a choice, see decision 0121.  Requests are made by
`workers/jobs/indieauth.py`; `read_page` runs in a reading process."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from mentions import urls
from mentions.hypertext import base_of, read_hypertext, value_of
from mentions.interpret import author, microformats
from mentions.interpret.dom import Tree
from mentions.media import Media, media_of
from mentions.model import Author, Fetched, PlainText, Url
from mentions.protocol.link_header import read_links, relation_types
from mentions.sanitize import clean_text
from mentions.signin.faults import Fault, Refusal
from mentions.signin.returning import challenge_of, endpoint_of

MOST_NAME: Final = 100
SCOPE: Final = "profile"
"""Name, page and picture.  No e-mail address: nobody has verified what stands there (5.3.4)."""
METADATA: Final = "indieauth-metadata"
_RELS: Final = (METADATA, "authorization_endpoint", "token_endpoint")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d+(?:[/?#]|$))")
_DOTS: Final = re.compile(r"/(?:\.|%2e){1,2}(?=[/?#]|$)", re.IGNORECASE)

IsOpened = Callable[[str], bool]
"""Whether the operator has opened an authority on purpose: a closed network, where people have no public names."""


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """What a profile's page tells: who vouches for it, and whose it is."""

    metadata: Url | None = None
    authorization_endpoint: Url | None = None
    """As pages named it before there was metadata."""
    token_endpoint: Url | None = None
    name: PlainText | None = None
    photo: Url | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Who vouches for a profile."""

    authorization_endpoint: Url
    token_endpoint: Url | None = None
    issuer: str | None = None


# --- which URLs stand for a person ----------------------------------------------------------------------------------


def read_profile_url(text: str, *, is_opened: IsOpened) -> Url | Refusal:
    """The canonical profile URL of what somebody typed (3.4); a bare domain is taken to be https.

    Refused (3.2): other schemes, dot segments, fragments, user names, ports, IP addresses.  Ports and addresses pass
    where the operator `is_opened` them."""
    text = text.strip()
    typed = text if _SCHEME.match(text) else f"https://{text}"
    url = urls.parse(typed) if 0 < len(text) <= urls.MAX_CLAIM_BYTES else None
    if url is None:
        return _not_a_profile("it is no http or https URL")
    authority = urls.authority(url)
    path = typed.partition("://")[2].partition("#")[0].partition("?")[0].replace("\\", "/")
    if "#" in typed:
        return _not_a_profile("it has a fragment")
    if urls.has_userinfo(url):
        return _not_a_profile("it has a user name in it")
    if _DOTS.search(path):
        return _not_a_profile("its path has dot segments")
    if not is_opened(authority) and (":" in authority or not _is_domain(authority)):
        return _not_a_profile("it has a port, or an address in place of a name")
    return url


def _is_domain(host: str) -> bool:
    if "." not in host.strip("."):
        return False
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False


def _not_a_profile(why: str) -> Refusal:
    return Refusal(Fault.INVALID_PROFILE, f"the URL cannot stand for a person: {why}")


def names_of(requested: Url, final: Url, *, is_opened: IsOpened) -> tuple[Url, ...]:
    """The URLs that a page which was asked for as `requested`, and found at `final`, may be called by.

    A redirect to another site hands the person over to that site: the first one may be an open door for anybody."""
    found = read_profile_url(final, is_opened=is_opened)
    if isinstance(found, Refusal):
        return (requested,) if urls.site_authority(requested) == urls.site_authority(final) else ()
    if urls.site_authority(requested) != urls.site_authority(found):
        return (found,)
    return (requested,) if requested == found else (requested, found)


# --- who vouches ----------------------------------------------------------------------------------------------------


def read_page(fetched: Fetched, *, requested: Url) -> ProfilePage:
    """What a profile's page names: Link headers first, else its first `<link>` of each kind; and its h-card.

    ParserError for markup that is made to be slow."""
    document = fetched.document
    named = {rel: url for rel in _RELS if (url := _from_headers(fetched, rel)) is not None}
    by = Author()
    if media_of(document) in {Media.HTML, Media.XHTML}:
        parser = read_hypertext(document)
        base = base_of(parser, document)
        for node in parser.css("link[rel][href]"):
            for rel in relation_types(value_of(node, "rel") or "") & frozenset(_RELS):
                url = endpoint_of({rel: value_of(node, "href")}, rel, base=base)
                if url is not None:
                    named.setdefault(rel, url)
        found = microformats.find(Tree(parser, url=document.url, base=base))
        by = author.from_author_page(found, pages=tuple(dict.fromkeys((requested, document.url)))) or Author()
    return ProfilePage(
        metadata=named.get(METADATA),
        authorization_endpoint=named.get("authorization_endpoint"),
        token_endpoint=named.get("token_endpoint"),
        name=by.name,
        photo=by.photo,
    )


def _from_headers(fetched: Fetched, rel: str) -> Url | None:
    for link in read_links(fetched.links):
        if rel in link.rels and link.anchor is None:
            return endpoint_of({rel: urls.from_header(link.target)}, rel, base=fetched.document.url)
    return None


def read_metadata(said: Mapping[str, Any] | None, *, at: Url, is_opened: IsOpened) -> Server | Refusal:
    """The server that the metadata document at `at` describes (4.1.1).

    The issuer has to be the beginning of the document's own URL: else a server could call itself by another's name, and
    be handed codes that are meant for that one."""
    issuer = None if said is None else said.get("issuer")
    endpoint = None if said is None else endpoint_of(said, "authorization_endpoint", base=at)
    if said is None or not isinstance(issuer, str) or endpoint is None:
        return Refusal(Fault.BAD_METADATA, f"{at} is no IndieAuth metadata")
    url = urls.parse(issuer)
    is_well_formed = url is not None and not set("?#") & set(issuer) and not urls.has_userinfo(url)
    if not is_well_formed or not (issuer.startswith("https://") or is_opened(urls.authority(issuer))):
        return Refusal(Fault.BAD_METADATA, f"the issuer of {at} is no https URL without query and fragment")
    if urls.origin(issuer) != urls.origin(at) or not at.startswith(issuer):
        return Refusal(Fault.BAD_METADATA, f"the issuer of {at} is not the beginning of that URL")
    return Server(endpoint, endpoint_of(said, "token_endpoint", base=at), issuer)


def server_of_page(page: ProfilePage) -> Server | Refusal:
    """The server of a page that has no metadata: the endpoint that it names itself (4.1, for older pages)."""
    if page.authorization_endpoint is None:
        return Refusal(Fault.NO_ENDPOINT, "the page names no IndieAuth server")
    return Server(page.authorization_endpoint, page.token_endpoint)


# --- asking, and what comes back ------------------------------------------------------------------------------------


def question(*, me: Url, client_id: str, redirect_uri: str, state: str, verifier: str) -> dict[str, str]:
    """The parameters of the authorization request (5.2)."""
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "scope": SCOPE,
        "me": me,
    }


def redemption(*, code: str, client_id: str, redirect_uri: str, verifier: str) -> dict[str, str]:
    """The form that redeems a code for the profile URL (5.3)."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }


def read_me(said: Mapping[str, Any] | None, *, is_opened: IsOpened) -> Url | Refusal:
    """The canonical profile URL that an answer to a redemption vouches for (5.3.3)."""
    me = None if said is None else said.get("me")
    if not isinstance(me, str):
        return Refusal(Fault.BAD_ANSWER, "the answer names nobody")
    url = read_profile_url(me, is_opened=is_opened)
    if isinstance(url, Refusal):
        return Refusal(Fault.BAD_ANSWER, f"the answer names nobody: {url.summary}")
    return url


def identity_of(me: Url, said: Mapping[str, Any], *, page: ProfilePage) -> dict[str, str]:
    """What is known of somebody: their URL is certain, name and picture are what they or their h-card say (5.3.4).

    An e-mail address or another URL that the profile claims is left out: nobody has proved it."""
    profile = said.get("profile")
    claims: Mapping[str, Any] = profile if isinstance(profile, dict) else {}
    name = claims.get("name")
    name = (clean_text(name, MOST_NAME) if isinstance(name, str) else None) or page.name
    photo = endpoint_of(claims, "photo", base=me) or page.photo
    facts = {"way": "domain", "subject": me, "name": name, "url": me, "photo": photo}
    return {key: value for key, value in facts.items() if value}
