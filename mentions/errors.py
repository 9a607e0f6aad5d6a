"""Every error that this project raises on purpose, with the stable code that the outside sees.

    YmatebError
    ├── RequestError            the caller's fault; nothing was stored
    │   ├── InvalidRequest      invalid_request      a parameter is missing or malformed
    │   │   └── InvalidField                         a field of a form that a person fills in; `field`, `fault`
    │   ├── InvalidInput        invalid_input        the reading API's word for the same
    │   ├── InvalidTarget       invalid_target       the target belongs to no site of ours
    │   ├── TargetClosed        target_closed        the target's page takes no responses
    │   ├── Blocked             blocked              the owner has blocked the source
    │   ├── Forbidden           forbidden            a token is missing or wrong
    │   │   ├── InsufficientScope                    a good token that lacks the scope
    │   │   └── TooLate                              a comment that its author may not change any more
    │   ├── NotFound            not_found            no such claim, entry or site
    │   ├── Conflict            conflict             it exists already
    │   │   └── Withdrawn                            a comment that has been deleted
    │   ├── ProofRequired       proof_required       a browser has to work something out first; `challenge`
    │   ├── CursorGone          cursor_gone          no change has had that cursor
    │   └── RateLimited         rate_limit_exceeded  too many requests; `retry_after_s`
    ├── Unavailable             service_unavailable  we cannot take it now; `retry_after_s`
    │   └── QueueFull                                the queue is over its bound
    ├── ConfigurationError      configuration        an operator must act; one line says how
    │   └── SchemaOutdated                           the database needs `python -m service migrate`
    └── ParserError             parser               a reading process died or ran out of time or memory

What strangers' pages do wrong is no error: fetching and verifying answer with values (`model.Status`).
`service/problems.py` alone turns these into HTTP answers and XML-RPC faults."""

from __future__ import annotations

from collections.abc import Mapping


class YmatebError(Exception):
    """Root of the tree.  `code` is stable; the message is for people and names what is wrong."""

    code = "error"


class RequestError(YmatebError):
    """The caller's fault; nothing was stored."""

    code = "invalid_request"


class InvalidRequest(RequestError):
    """A parameter is missing or malformed."""


class InvalidField(InvalidRequest):
    """A field of a form that a person fills in.  `fault` is `missing`, `too_long`, `malformed` or `unknown`."""

    def __init__(self, message: str, *, field: str, fault: str) -> None:
        super().__init__(message)
        self.field = field
        self.fault = fault


class InvalidInput(RequestError):
    """A parameter of the reading API is missing or malformed."""

    code = "invalid_input"


class InvalidTarget(RequestError):
    """The target belongs to no site of ours, or not to the one that was addressed."""

    code = "invalid_target"


class TargetClosed(RequestError):
    """The target's page takes no responses any more."""

    code = "target_closed"


class Blocked(RequestError):
    """The owner of the site has blocked this source."""

    code = "blocked"


class Forbidden(RequestError):
    """The token is missing, wrong or expired."""

    code = "forbidden"


class InsufficientScope(Forbidden):
    """The token is good, but not for this."""


class TooLate(Forbidden):
    """What was sent does not open this comment, or does so no more."""


class NotFound(RequestError):
    """No such claim, entry or site."""

    code = "not_found"


class Conflict(RequestError):
    """It exists already, or has changed meanwhile."""

    code = "conflict"


class Withdrawn(Conflict):
    """The comment has been deleted, so there is nothing to change."""


class CursorGone(RequestError):
    """No change has had that cursor; the reader has to begin anew."""

    code = "cursor_gone"


class ProofRequired(RequestError):
    """A browser has to work something out before this is done; `challenge` says what."""

    code = "proof_required"

    def __init__(self, message: str, *, challenge: Mapping[str, str | int]) -> None:
        super().__init__(message)
        self.challenge = challenge


class RateLimited(RequestError):
    """Too many requests; try again after `retry_after_s` seconds."""

    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(YmatebError):
    """We cannot take it now; try again after `retry_after_s` seconds."""

    code = "service_unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 30) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(Unavailable):
    """More claims wait than `queue_bound` allows."""


class ConfigurationError(YmatebError):
    """An operator must act; the message is one line and says how."""

    code = "configuration"


class SchemaOutdated(ConfigurationError):
    """The database is older than the code: run `python -m service migrate`."""


class ParserError(YmatebError):
    """A reading process died, or ran out of time or memory, on one page."""

    code = "parser"
