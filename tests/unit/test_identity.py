"""Who somebody is who signs in: addresses that mail is sent to, and what others say of a person."""

from __future__ import annotations

import pytest

from mentions import identity
from mentions.model import Proof, Way


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("ann@mail.example", "ann@mail.example"),
        (" Ann.Griffiths+web@Mail.EXAMPLE ", "Ann.Griffiths+web@mail.example"),
        ("o'neil@mail.example", "o'neil@mail.example"),
        ("ann@tŷ.example", "ann@xn--t-foa.example"),
    ],
)
def test_an_address_keeps_its_left_side_and_has_its_host_in_ascii(typed: str, address: str):
    assert identity.read_email(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "@mail.example",
        "ann@",
        "ann@localhost",
        "ann@127.0.0.1",
        "ann@[127.0.0.1]",
        "ann@mail.example, bob@mail.example",
        "ann@mail.example\r\nBcc: all@mail.example",
        "ann\nbcc@mail.example",
        "<ann@mail.example>",
        '"ann smith"@mail.example',
        "ann..smith@mail.example",
        ".ann@mail.example",
        "ann@mail.example/path",
        "ann@mail.example:25",
        "ann@user@mail.example",
        "ŷann@mail.example",
        f"{'a' * 65}@mail.example",
        f"ann@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example",
    ],
)
def test_what_mail_cannot_be_sent_to_is_no_address(typed: str):
    assert identity.read_email(typed) is None


def test_a_domain_is_its_own_proof_and_its_name_where_there_is_none():
    ann = identity.of_answer({"way": "domain", "subject": "https://Ann.example", "name": " Ann\u202e  Griffiths "})
    assert (ann.subject, ann.url, ann.name) == ("https://ann.example/", "https://ann.example/", "Ann Griffiths")
    assert ann.proof == Proof(Way.DOMAIN, "ann.example")
    tilde = identity.of_answer(
        {"way": "domain", "subject": "https://host.example/~ann/", "url": "https://evil.example"}
    )
    assert (tilde.name, tilde.url, tilde.proof.by) == (
        "host.example/~ann",
        "https://host.example/~ann/",
        "host.example/~ann",
    )


def test_whoever_has_a_part_of_a_host_is_not_shown_as_the_whole():
    said = {"way": "domain", "subject": "https://host.example/?author=2"}
    assert identity.of_answer(said).proof.by == "host.example/?author=2"


def test_a_provider_is_shown_by_the_owners_word_for_it():
    said = {
        "way": "provider",
        "subject": "https://id.example 42",
        "name": "<b>Ann</b>",
        "url": "javascript:alert(1)",
        "photo": "https://u:p@id.example/42.png",
        "email": "Ann@ID.example",
    }
    ann = identity.of_answer(said, label="Our school")
    assert (ann.subject, ann.url, ann.photo, ann.email) == ("https://id.example 42", None, None, "Ann@id.example")
    assert ann.proof == Proof(Way.PROVIDER, "Our school")
    assert ann.name == "<b>Ann</b>", "text, which templates escape"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"way": "domain"},
        {"way": "domain", "subject": "javascript:alert(1)"},
        {"way": "domain", "subject": "https://u:p@ann.example/"},
        {"way": "provider", "subject": ""},
        {"way": "provider", "subject": 42},
        {"way": "provider", "subject": "x" * 3000},
        {"way": "email", "subject": "ann@mail.example"},
    ],
)
def test_what_names_nobody_is_nobody(said: dict):
    assert identity.of_answer(said) is None
