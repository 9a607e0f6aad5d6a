"""What the form for comments and its script say: words for what went wrong, and for what happened.

Errors are English sentences for programs (`mentions/errors.py`); this says them to who filled in the form."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mentions import errors
from mentions.model import Way
from mentions.reasons import Cause
from service.i18n import Catalogue


def script_words(words: Catalogue) -> str:
    """Everything that the script says by itself, as JSON."""
    gettext = words.gettext
    said = {
        "failed": gettext("Your comment could not be sent. It is kept here; please try again."),
        "held": gettext("Your comment is awaiting moderation."),
        "proving": gettext(
            "One moment: your browser is working something out that keeps robots away. Then your comment is sent."
        ),
        "posted": gettext("Your comment has been posted."),
        "changed": gettext("Your comment has been changed."),
        "removed": gettext("Your comment has been deleted."),
        "edit": gettext("Edit"),
        "delete": gettext("Delete"),
        "sure": gettext("Delete for good"),
        "save": gettext("Save changes"),
        "see": gettext("See it in its place"),
    }
    return json.dumps(said, ensure_ascii=False)


def session_words(words: Catalogue) -> str:
    """What stands beside the form of whoever has signed in, or wants to, as JSON; its keys are classes of buttons."""
    gettext = words.gettext
    said = {
        "sign-in": gettext("Sign in"),
        "sign-out": gettext("Sign out"),
        "forget": gettext("Delete all my comments"),
        "sure": gettext("Delete all my comments on this site, and forget me, for good"),
        "as": gettext("Signed in as %(name)s") % {"name": "{name}"},
        "welcome": gettext("You are signed in."),
        "back": f"{gettext('You are signed in.')} {gettext('You can close this window.')}",
        "bye": gettext("You are signed out."),
        "over": gettext("You are not signed in any more. Please sign in again."),
        "forgotten": gettext("All your comments on this site have been deleted."),
        "blocked": gettext("Your browser kept the window closed. Please press the button again."),
        "failed": gettext("We cannot do this right now."),
    }
    return json.dumps(said, ensure_ascii=False)


def how_signed_in(words: Catalogue, way: str, by: str) -> str:
    """What a mark beside the name of somebody who had signed in means."""
    gettext = words.gettext
    if way == Way.EMAIL.value or not by:
        return gettext("signed in by e-mail") if way == Way.EMAIL.value else gettext("signed in")
    if way == Way.PROVIDER.value:
        return gettext("signed in through %(provider)s") % {"provider": by}
    return gettext("signed in as %(domain)s") % {"domain": by}


def like_forms(words: Catalogue) -> str:
    """What stands beside a button to like something, for every plural category, as JSON."""
    return json.dumps(words.forms("Liked by %(num)s person", "Liked by %(num)s people"), ensure_ascii=False)


def why_it_waits(words: Catalogue, causes: Iterable[Cause]) -> list[str]:
    """Why a comment waits, for its author: a sentence for each thing that they can know of."""
    gettext = words.gettext
    said = {
        Cause.LINKS: gettext("It has links that somebody looks at first."),
        Cause.BLOCKED_LINK: gettext("It has links that somebody looks at first."),
        Cause.SPREAD: gettext("It has links that somebody looks at first."),
        Cause.MARKUP: gettext("Its links are not written in the way they are written here."),
        Cause.NAME: gettext("The name is an address."),
        Cause.REPEATED: gettext("The same words were left here before."),
        Cause.FAST: gettext("It was written very quickly."),
        Cause.NO_FORM: gettext("Its form had been open for a long time, or was not from this page."),
        Cause.MANY: gettext("A lot has come from your address within a short time."),
        Cause.OWNER: gettext("The owner of this site looks at all comments first."),
        Cause.STRANGER: gettext("The owner of this site looks first at comments by people who are new here."),
        Cause.LEARNED: gettext("It resembles what has been taken for spam here."),
    }
    return list(dict.fromkeys(said[cause] for cause in causes if cause in said))


def complaint(words: Catalogue, error: errors.YmatebError) -> str | None:
    """What is wrong with a comment, for its author; None for what no author of a comment can help."""
    gettext = words.gettext
    if isinstance(error, errors.InvalidField):
        return _of_field(words, error.field, error.fault)
    said = {
        errors.RateLimited: gettext("That was a little fast. Please try again in a moment."),
        errors.TargetClosed: gettext("This thread takes no more responses."),
        errors.Blocked: gettext("The owner of this site takes no comments from you."),
        errors.TooLate: gettext("The time for changing this comment is over."),
        errors.Withdrawn: gettext("This comment is no longer there."),
        errors.Unavailable: gettext("We cannot do this right now."),
    }
    return next((text for kind, text in said.items() if isinstance(error, kind)), None)


def _of_field(words: Catalogue, field: str, fault: str) -> str | None:
    gettext = words.gettext
    said = {
        ("name", "missing"): gettext("Please say who you are."),
        ("name", "too_long"): gettext("This name is too long."),
        ("content", "missing"): gettext("Please write something."),
        ("content", "too_long"): gettext("This comment is too long."),
        ("url", "malformed"): gettext("This is not the address of a website."),
        ("email", "missing"): gettext("Please give your e-mail address. It is never shown."),
        ("email", "malformed"): gettext("This is not an e-mail address."),
        ("parent", "unknown"): gettext("What you answer is no longer there."),
    }
    return said.get((field, fault))
