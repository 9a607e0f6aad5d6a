"""How somebody proves who they are through others: by their own domain, or at a provider that the owner chose.

faults.py      why it came to nothing, as a closed list
returning.py   what both ways have in common: PKCE, the way there, and who comes back (OAuth 2.0; RFC 7636, 9207)
indieauth.py   one's own domain (indieauth.spec.indieweb.org)
oidc.py        a provider (OpenID Connect Core and Discovery 1.0); id_token.py checks what it signed

Rules only: the requests are made by `workers/jobs/indieauth.py` and `workers/jobs/oidc.py`, sessions by the service."""
