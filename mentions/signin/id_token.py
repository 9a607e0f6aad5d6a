"""Has the provider really signed this, for us, now, and for this very visit?  (OpenID Connect Core 1.0, 3.1.3.7.)

The only importer of joserfc.  Keys are those that the provider publishes at this moment, so rotated ones need no
memory; algorithms are a closed list without `none` and without shared secrets (RFC 8725 3.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError

from mentions.signin.faults import Fault, Refusal
from mentions.signin.oidc import MOST_SUBJECT
from mentions.signin.returning import read_object

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
SKEW: Final = timedelta(seconds=60)
"""How far clocks may differ."""
OLDEST: Final = timedelta(minutes=10)
"""A token is made when its code is redeemed; an older one is a replay."""
MOST_KEYS: Final = 32
SHORTEST_RSA: Final = 2048
"""RFC 7518 3.3."""
_KEY_TYPES: Final[Mapping[str, str]] = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}
_HASHES: Final[Mapping[str, str]] = {"256": "sha256", "384": "sha384", "512": "sha512"}


def check_id_token(
    token: str,
    keys: Mapping[str, Any] | None,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
    access_token: str | None = None,
) -> Mapping[str, Any] | Refusal:
    """The claims of an ID token that holds in every respect, or which does not.  `keys` is the provider's JWK set."""
    claims = _verified(token, keys)
    if isinstance(claims, str):
        return _refused(claims)
    objection = (
        _object_to_parties(claims, issuer, client_id)
        or _object_to_times(claims, now)
        or _object_to_nonce(claims, nonce)
        or _object_to_access_token(claims, access_token, token)
    )
    return claims if objection is None else _refused(objection)


def _refused(why: str) -> Refusal:
    return Refusal(Fault.BAD_ANSWER, f"the ID token does not hold: {why}")


# --- the signature ----------------------------------------------------------------------------------------------------


def _verified(token: str, keys: Mapping[str, Any] | None) -> Mapping[str, Any] | str:
    """The claims under a signature that one of the keys has made, else what is wrong."""
    header = _header(token)
    if header is None:
        return "it is no signed token"
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        return "its algorithm is not one that we take"
    for key in _candidates(keys, header, str(algorithm)):
        try:
            content = jws.deserialize_compact(token, key, algorithms=[str(algorithm)])
        except (JoseError, ValueError, TypeError):  # a header of other types than it should have
            continue
        claims = read_object(content.payload or b"")
        return claims if claims is not None else "it holds no claims"
    return "no key of the provider has signed it"


def _header(token: str) -> Mapping[str, Any] | None:
    head, dot, _ = token.partition(".")
    try:
        return read_object(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) if dot else None
    except ValueError:
        return None


def _candidates(keys: Mapping[str, Any] | None, header: Mapping[str, Any], algorithm: str) -> Iterator[Any]:
    """The published keys that may have made the signature: by id where the token names one, by type always.

    joserfc refuses those whose `use` is another one."""
    published = (keys or {}).get("keys")
    kind = next(kind for start, kind in _KEY_TYPES.items() if algorithm.startswith(start))
    for each in (published if isinstance(published, list) else [])[:MOST_KEYS]:
        if not isinstance(each, dict) or each.get("kty") != kind:
            continue
        if "kid" in header and each.get("kid") != header["kid"]:
            continue
        if each.get("alg", algorithm) != algorithm:
            continue
        try:
            key: Any = jwk.import_key({name: value for name, value in each.items() if name != "key_ops"})
            if kind == "RSA" and key.public_key.key_size < SHORTEST_RSA:
                continue
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # one odd key does not spoil the others
        yield key


# --- the claims -------------------------------------------------------------------------------------------------------


def _object_to_parties(claims: Mapping[str, Any], issuer: str, client_id: str) -> str | None:
    subject, audience, presenter = claims.get("sub"), claims.get("aud"), claims.get("azp")
    if claims.get("iss") != issuer:
        return "another issuer made it"
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT or not subject.isascii():
        return "it names nobody"
    for_whom = [audience] if isinstance(audience, str) else audience
    if not isinstance(for_whom, list) or client_id not in for_whom:
        return "it is for somebody else"
    if presenter is None and len(for_whom) == 1:
        return None
    return None if presenter == client_id else "it was given to another client"


def _object_to_times(claims: Mapping[str, Any], now: datetime) -> str | None:
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    starts = _seconds(claims["nbf"]) if "nbf" in claims else 0.0
    at, skew = now.timestamp(), SKEW.total_seconds()
    if expires is None or issued is None or starts is None:
        return "it does not say when it holds"
    if expires <= at - skew:
        return "its time is over"
    if issued > at + skew or starts > at + skew:
        return "its time has not come"
    return "it was made too long ago" if issued < at - skew - OLDEST.total_seconds() else None


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _object_to_nonce(claims: Mapping[str, Any], nonce: str) -> str | None:
    said = claims.get("nonce")
    is_ours = isinstance(said, str) and hmac.compare_digest(said.encode("utf-8", "replace"), nonce.encode())
    return None if is_ours else "it is not of this visit"


def _object_to_access_token(claims: Mapping[str, Any], access_token: str | None, token: str) -> str | None:
    """`at_hash` binds the access token to the ID token where it is there (3.1.3.8)."""
    said = claims.get("at_hash")
    if said is None or access_token is None:
        return None
    algorithm = str((_header(token) or {}).get("alg"))
    digest = hashlib.new(_HASHES.get(algorithm[-3:], "sha512"), access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    return None if said == half else "it belongs to another access token"
