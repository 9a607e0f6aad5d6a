"""An OpenID Connect provider that does as it is told: right in everything, or wrong in one thing at a time.

It answers at once with yes.  Fields say what is other than it should be; `claims` and `header` change the ID token,
`keys` are what it signs with and `published` what it shows of them."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.peers.peer import Peer

SECRET = "s3cret/ +ü"


def make_key(algorithm: str, kid: str) -> Any:
    """A private key that fits."""
    parameters: Any = {"kid": kid, "use": "sig", "alg": algorithm}
    if algorithm.startswith("E") and algorithm[1] == "S":
        return ECKey.generate_key({"256": "P-256", "384": "P-384", "512": "P-521"}[algorithm[2:]], parameters)
    if algorithm.startswith("Ed"):
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


class OidcProvider(Peer):
    """`issuer` is how it calls itself; one client, `ymateb`, with `SECRET` unless `is_public`."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(address, port)
        self.is_public = False
        self.auth_methods = ["client_secret_basic"]
        self.algorithm = "RS256"
        self.keys: dict[str, Any] = {"key-1": make_key("RS256", "key-1")}
        self.signs_with = "key-1"
        self.published: list[dict[str, Any]] | None = None
        self.person: dict[str, Any] = {"sub": "gwen", "name": "Gwen Prosser"}
        self.claims: dict[str, Any] = {}
        """Claims that are other than they should be; None leaves one out."""
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = {"sub": "gwen", "email": "gwen@example.com", "email_verified": True}
        self.configuration: dict[str, Any] = {}
        self.says: dict[str, Any] = {}
        """Parameters of the way back that are other than they should be."""
        self.token_says: dict[str, Any] = {}
        self.token: str | None = None
        """An ID token instead of a fresh one."""
        self.last_token = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.questions: list[dict[str, str]] = []
        self.logins: list[dict[str, str]] = []
        self._numbers = itertools.count(1)
        self.handle("/.well-known/openid-configuration", self._describe)
        self.handle("/authorize", self._authorize)
        self.handle("/token", self._redeem)
        self.handle("/keys", self._publish)
        self.handle("/userinfo", self._tell)

    @property
    def issuer(self) -> str:
        return self.origin

    async def _describe(self, _: web.Request) -> web.StreamResponse:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": self.url("/authorize?tenant=1"),
            "token_endpoint": self.url("/token"),
            "jwks_uri": self.url("/keys"),
            "userinfo_endpoint": self.url("/userinfo"),
            "token_endpoint_auth_methods_supported": self.auth_methods,
            "authorization_response_iss_parameter_supported": True,
            **self.configuration,
        }
        return _json({name: value for name, value in said.items() if value is not None})

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        question = dict(request.query)
        self.questions.append(question)
        code = f"code-{next(self._numbers)}"
        self.codes[code] = question
        said = {"state": question["state"], "iss": self.issuer, "code": code, **self.says}
        said = {name: value for name, value in said.items() if value is not None}
        joint = "&" if "?" in question["redirect_uri"] else "?"
        raise web.HTTPFound(f"{question['redirect_uri']}{joint}{urlencode(said)}")

    async def _redeem(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.logins.append({**form, "header": request.headers.get("Authorization", "")})
        question = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if question is None or challenge.decode().rstrip("=") != question["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        if form.get("redirect_uri") != question["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        self.last_token = self.token or self.sign(question["nonce"])
        told = {"access_token": "at-1", "token_type": "Bearer", "id_token": self.last_token, **self.token_says}
        return _json({name: value for name, value in told.items() if value is not None})

    def sign(self, nonce: str) -> str:
        """An ID token for whoever asked with this nonce."""
        now = int(time.time())
        digest = hashlib.sha256(b"at-1").digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": "ymateb",
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            **self.person,
            **({"at_hash": _base64(digest)} if self.algorithm.endswith("256") else {}),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.signs_with, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        if header["alg"] == "none":
            return f"{_base64(orjson.dumps(header))}.{_base64(orjson.dumps(claims))}."
        return jws.serialize_compact(header, orjson.dumps(claims), self.keys[self.signs_with], [header["alg"]])

    async def _publish(self, _: web.Request) -> web.StreamResponse:
        shown = [key.as_dict(private=False) for key in self.keys.values()] if self.published is None else self.published
        return _json({"keys": shown})

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        if self.userinfo is None or request.headers.get("Authorization") != "Bearer at-1":
            return _json({"error": "invalid_token"}, 401)
        return _json(self.userinfo)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _json(said: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(said), status=status, content_type="application/json")
