"""Why a sign-in came to nothing: a closed list, for which the sign-in page has its own words in every language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What stands in `error` of an errand's answer.  `failed` (the worker itself broke) may stand there too."""

    INVALID_PROFILE = "invalid_profile"
    """What was typed is no URL that may stand for a person (IndieAuth 3.2)."""
    PROFILE_UNREACHABLE = "profile_unreachable"
    """The profile's page could not be fetched or read."""
    NO_ENDPOINT = "no_endpoint"
    """The profile's page names nobody who could vouch for it."""
    UNKNOWN_PROVIDER = "unknown_provider"
    """The owner has removed the provider."""
    PROVIDER_UNREACHABLE = "provider_unreachable"
    """Whoever should vouch did not answer; it may pass."""
    BAD_METADATA = "bad_metadata"
    """What the provider says of itself is not complete, or contradicts itself."""
    DENIED = "denied"
    """The person said no there."""
    PROVIDER_ERROR = "provider_error"
    """The provider sent the person back with an error."""
    STATE_MISMATCH = "state_mismatch"
    """Who comes back is not who was sent: an old tab, or a forgery (RFC 6749 10.12)."""
    ISSUER_MISMATCH = "issuer_mismatch"
    """The answer comes from another server than the one that was asked (RFC 9207)."""
    CODE_REFUSED = "code_refused"
    """The provider does not stand by the code that it gave."""
    BAD_ANSWER = "bad_answer"
    """What came for the code cannot be used: no JSON, nobody named, a token that fails a check."""
    OTHER_PROFILE = "other_profile"
    """The server vouched for somebody for whom it may not speak."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sign-in that came to nothing.  `summary` is one English line for logs and operators, without secrets."""

    fault: Fault
    summary: str

    def as_answer(self) -> dict[str, str]:
        """As an errand answers it."""
        return {"error": self.fault.value, "summary": self.summary}
