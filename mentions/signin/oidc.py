"""OpenID Connect: somebody is who a provider of the owner's choice says they are.

(OpenID Connect Core 1.0, code flow, 3.1; Discovery 1.0, 3 and 4.)  What a provider's configuration has to say, what it
is asked, and who an identity is.  What it signed is checked in `id_token.py`, which alone needs a JOSE library; the
requests are made by `workers/jobs/oidc.py`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from mentions import urls
from mentions.errors import InvalidRequest
from mentions.model import Url
from mentions.sanitize import clean_text
from mentions.signin.faults import Fault, Refusal
from mentions.signin.returning import challenge_of, endpoint_of

SCOPE: Final = "openid profile email"
MOST_NAME: Final = 100
MOST_SUBJECT: Final = 255
"""Core 2: at most so many ASCII characters."""
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")

IsOpened = Callable[[str], bool]
"""Whether the operator has opened an authority on purpose; only there TLS may be missing."""


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to a provider."""

    issuer: str
    client_id: str
    client_secret: str | None = None
    """None for a public client, which has PKCE alone."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a provider says of itself (Discovery 3), as far as we need it."""

    issuer: str
    authorization_endpoint: Url
    token_endpoint: Url
    jwks_uri: Url
    userinfo_endpoint: Url | None = None
    takes_basic: bool = True
    """Whether it takes a client's secret in a header (client_secret_basic), which is the default."""
    takes_post: bool = False
    """Whether it takes it in the form."""
    names_issuer: bool = False
    """Whether its answers carry `iss` (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was worth."""

    id_token: str
    access_token: str | None


# --- discovery --------------------------------------------------------------------------------------------------------


def check_issuer(text: str, *, is_opened: IsOpened) -> str:
    """The issuer as the owner wrote it, character by character, for so it is compared (Discovery 4.3).

    Raises InvalidRequest unless it is an https URL without query and fragment (http where the operator opened it)."""
    url = urls.check_claim_url(text, what="issuer")
    if set("?#") & set(text):
        raise InvalidRequest("issuer has a query or a fragment")
    if not _is_secure(url, is_opened):
        raise InvalidRequest("issuer is not https")
    return text.strip()


def configuration_url(issuer: str) -> Url:
    """Where an issuer describes itself (Discovery 4)."""
    return Url(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")


def read_configuration(said: Mapping[str, Any] | None, *, issuer: str, is_opened: IsOpened) -> Configuration | Refusal:
    """The configuration of `issuer`, which has to call itself exactly so (Discovery 4.3)."""
    if said is None or said.get("issuer") != issuer:
        return Refusal(Fault.BAD_METADATA, f"{configuration_url(issuer)} does not describe {issuer}")
    found: dict[str, Url] = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        url = endpoint_of(said, name, base=issuer)
        if url is not None and _is_secure(url, is_opened):
            found[name] = url
    missing = sorted({"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys())
    if missing:
        return Refusal(Fault.BAD_METADATA, f"{issuer} names no usable {', '.join(missing)}")
    methods = said.get("token_endpoint_auth_methods_supported")
    return Configuration(
        issuer=issuer,
        authorization_endpoint=found["authorization_endpoint"],
        token_endpoint=found["token_endpoint"],
        jwks_uri=found["jwks_uri"],
        userinfo_endpoint=found.get("userinfo_endpoint"),
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
        takes_post=isinstance(methods, list) and "client_secret_post" in methods,
        names_issuer=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_secure(url: str, is_opened: IsOpened) -> bool:
    return url.startswith("https://") or is_opened(urls.authority(url))


# --- asking -----------------------------------------------------------------------------------------------------------


def question(*, client_id: str, redirect_uri: str, state: str, nonce: str, verifier: str) -> dict[str, str]:
    """The parameters of the authentication request (Core 3.1.2.1)."""
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }


def redemption(
    client: Client, *, code: str, redirect_uri: str, verifier: str, in_header: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Form and headers of the token request (Core 3.1.3.1), the client's secret in either of them (9)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    if client.client_secret is None:
        return {**form, "client_id": client.client_id}, {}
    if not in_header:
        return {**form, "client_id": client.client_id, "client_secret": client.client_secret}, {}
    login = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"  # RFC 6749 2.3.1
    return form, {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def read_tokens(said: Mapping[str, Any] | None) -> Tokens | Refusal:
    """The tokens of a token response (Core 3.1.3.3); an access token only where it can be used as we know how."""
    id_token = None if said is None else said.get("id_token")
    if said is None or not isinstance(id_token, str):
        return Refusal(Fault.BAD_ANSWER, "the token endpoint sent no ID token")
    access_token = said.get("access_token")
    is_bearer = str(said.get("token_type")).lower() == "bearer"
    is_usable = is_bearer and isinstance(access_token, str) and _VISIBLE.fullmatch(access_token)
    return Tokens(id_token, access_token if is_usable else None)


# --- who it is --------------------------------------------------------------------------------------------------------


def needs_more(claims: Mapping[str, Any]) -> bool:
    """Whether the userinfo endpoint may know what an ID token leaves out."""
    return "email" not in claims or not _name(claims)


def with_userinfo(claims: Mapping[str, Any], said: Mapping[str, Any] | None) -> Mapping[str, Any] | Refusal:
    """The claims with those of the userinfo endpoint, which has to speak of the same person (Core 5.3.2).

    What was signed goes first; an address is only taken together with what is said of it in the same place."""
    if said is None:
        return claims
    if said.get("sub") != claims["sub"]:
        return Refusal(Fault.BAD_ANSWER, "the userinfo endpoint speaks of somebody else")
    about_address = {"email", "email_verified"}
    dropped_of = (said, claims) if "email" in claims else (claims, said)
    stripped = {name: value for name, value in dropped_of[0].items() if name not in about_address}
    return {**stripped, **claims} if dropped_of[0] is said else {**said, **stripped}


def identity_of(claims: Mapping[str, Any]) -> dict[str, str]:
    """What is known of somebody.  Issuer and subject are certain, an address only if the provider has verified it."""
    subject = f"{claims['iss']}#{claims['sub']}"  # an issuer has no fragment, so this is one name for one person
    email = claims.get("email")
    facts = {
        "way": "provider",
        "subject": subject,
        "name": _name(claims),
        "url": _url(claims, "website") or _url(claims, "profile"),
        "photo": _url(claims, "picture"),
        "email": email if isinstance(email, str) and claims.get("email_verified") is True else None,
    }
    return {name: value for name, value in facts.items() if value}


def _name(claims: Mapping[str, Any]) -> str | None:
    for claim in ("name", "nickname", "preferred_username"):
        value = claims.get(claim)
        if isinstance(value, str) and (name := clean_text(value, MOST_NAME)):
            return name
    return None


def _url(claims: Mapping[str, Any], name: str) -> Url | None:
    value = claims.get(name)
    url = urls.parse(value) if isinstance(value, str) and len(value) <= urls.MAX_CLAIM_BYTES else None
    return None if url is None or urls.has_userinfo(url) else url
