"""What went wrong with a sign-in, in words for whoever wanted to sign in."""

from __future__ import annotations

from mentions import errors
from mentions.signin.faults import Fault
from service.i18n import Catalogue
from service.pages import words as of_forms


def fault(words: Catalogue, code: str) -> str:
    """What an errand's `error` means to people."""
    gettext = words.gettext
    said = {
        Fault.INVALID_PROFILE.value: gettext("This is not the address of a website that can stand for a person."),
        Fault.PROFILE_UNREACHABLE.value: gettext("We could not read that website."),
        Fault.NO_ENDPOINT.value: gettext("That website does not say who can vouch for you (it needs IndieAuth)."),
        Fault.UNKNOWN_PROVIDER.value: gettext("This way to sign in is not there any more."),
        Fault.PROVIDER_UNREACHABLE.value: gettext("Whoever should vouch for you did not answer. Please try again."),
        Fault.DENIED.value: gettext("You did not agree there, so you are not signed in."),
        "failed": gettext("We cannot do this right now."),
        "refused": gettext("We cannot send mail to this address."),
        "unreachable": gettext("The mail could not be sent. Please try again later."),
        "not_configured": gettext("The mail could not be sent. Please try again later."),
    }
    return said.get(code) or gettext("The answer from there could not be trusted, so you are not signed in.")


def complaint(words: Catalogue, error: errors.YmatebError) -> str:
    """What an error of ours means to them."""
    return of_forms.complaint(words, error) or words.gettext("That did not work.")
