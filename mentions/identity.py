"""Who somebody is who signs in: by their own domain, by e-mail, or by a provider that the owner has chosen.

Reads what a proof says into our own types: what comes from a provider or a stranger's page is as foreign as any text.
Pure; how somebody proves it is the business of `workers/jobs` (domain, provider) and `service/signing` (e-mail)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mentions import sanitize, urls
from mentions.model import PlainText, Proof, Url, Way

MOST_NAME: Final = 100
MOST_SUBJECT: Final = 2_048
MOST_EMAIL: Final = 254
"""RFC 5321 4.5.3.1.3, less the angle brackets."""
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""A dot-atom (RFC 5322 3.2.3): quoted forms and other alphabets are not mailed to."""
_MOST_LOCAL: Final = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has just proved who they are."""

    way: Way
    subject: str
    """By what they are known again, within the way: their URL, their address, or issuer and subject of a provider."""
    name: PlainText | None = None
    url: Url | None = None
    photo: Url | None = None
    email: str | None = None
    """Verified; never shown to others."""
    proved_by: PlainText | None = None
    """What is shown of it; see `model.Proof`."""

    @property
    def proof(self) -> Proof:
        """What a comment says of it."""
        return Proof(self.way, self.proved_by)


def read_email(text: str) -> str | None:
    """An address that mail can be sent to, its host in lower case and ASCII; None when it is none.

    The part before the @ stays as it is: only its own server may say that two spellings are one (RFC 5321 2.4)."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > _MOST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    host = urls.authority(f"https://{domain}/") if re.fullmatch(r"[^\s/?#@:\\\[\]]+", domain) else ""
    if "." not in host or not re.search(r"[a-z]", host.rpartition(".")[2]) or len(local) + 1 + len(host) > MOST_EMAIL:
        return None
    return f"{local}@{host}"


def mailbox_of(address: str) -> str:
    """Where the mail of an address ends up, as far as one can tell: `ann+x@` is commonly `ann@` (RFC 5233)."""
    local, _, host = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{host}"


def of_email(address: str) -> Identity:
    """Whoever reads the mail of an address that `read_email` has made."""
    return Identity(Way.EMAIL, subject=address, email=address)


def of_answer(said: Mapping[str, Any], *, label: str | None = None) -> Identity | None:
    """What a worker says of somebody who came back from their domain or a provider; None when it cannot be used.

    `label` is what the owner calls the provider."""
    subject = said.get("subject")
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
        return None
    name, photo, email = _line(said.get("name")), _url(said.get("photo")), _address(said.get("email"))
    match said.get("way"):
        case Way.DOMAIN.value:
            url = _url(subject)
            if url is None:
                return None
            shown = shown_domain(url)
            return Identity(Way.DOMAIN, url, name or shown, url, photo, email, shown)
        case Way.PROVIDER.value:
            by = _line(label)
            return Identity(Way.PROVIDER, subject, name, _url(said.get("url")), photo, email, by)
        case _:
            return None


def shown_domain(url: Url) -> PlainText:
    """`ann.example`, or `host.example/~ann` and `host.example/?author=2` where somebody has only a part of it."""
    _, _, rest = url.partition("://")
    return sanitize.clean_text(rest.partition("#")[0].rstrip("/"), 200)


def _line(value: object) -> PlainText | None:
    return (sanitize.clean_text(value, MOST_NAME) or None) if isinstance(value, str) else None


def _url(value: object) -> Url | None:
    url = urls.attribute_safe(value) if isinstance(value, str) and len(value) <= urls.MAX_CLAIM_BYTES else None
    return None if url is None or urls.has_userinfo(url) else url


def _address(value: object) -> str | None:
    return read_email(value) if isinstance(value, str) else None
