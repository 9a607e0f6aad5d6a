"""What a typed comment may hold, and what makes it suspicious."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import typed
from mentions.errors import InvalidRequest
from mentions.markdown import render


def fields(**more):
    return {"name": "Ann", "content": "Hello"} | more


def doubts(content="Hello", *, name="Ann", repeated=False, seconds=None, **more):
    comment = typed.read_comment(fields(content=content, name=name, **more))
    return typed.suspicion(comment, is_repeated=repeated, seconds_to_write=seconds)


def test_an_ordinary_comment_is_not_suspicious():
    assert doubts("I read [this](https://a.example/) and liked it.").reasons == ()
    assert not doubts("Diolch o galon, roedd hwn yn ddiddorol iawn!", seconds=40.0).holds


@pytest.mark.parametrize(
    ("given_fields", "word"),
    [
        ({"content": "https://a.example http://b.example HTTPS://c.example"}, "3 links"),
        ({"content": "[url=https://a.example]x[/url]"}, "forums"),
        ({"content": '<a href="https://a.example">x</a>'}, "forums"),
        ({"name": "https://a.example"}, "name"),
        ({"repeated": True}, "before"),
        ({"seconds": 0.3}, "faster"),
    ],
)
def test_each_sign_holds_the_comment_and_names_itself(given_fields, word):
    doubt = doubts(**given_fields)
    assert doubt.holds
    assert not doubt.is_spam
    assert any(word in reason for reason in doubt.reasons)


def test_the_field_that_nobody_sees_is_enough_for_spam():
    assert doubts(website2="x").is_spam


@pytest.mark.parametrize("email", ["ann@example.org", "ann+tag@sub.example.org"])
def test_addresses_that_could_get_mail_are_kept(email):
    assert typed.read_comment(fields(email=email)).email == email


@pytest.mark.parametrize(
    "email", ["ann", "ann@example", "a b@example.org", "a@b@c.d", "ann@example.org\nBcc: x@y.z", "@a.b"]
)
def test_others_are_named(email):
    with pytest.raises(InvalidRequest, match="email"):
        typed.read_comment(fields(email=email))


@given(
    st.dictionaries(
        st.sampled_from(["name", "content", "url", "email", "lang", "website2"]), st.text() | st.none() | st.integers()
    )
)
def test_whatever_is_sent_is_read_or_refused_by_name(sent):
    try:
        comment = typed.read_comment(sent)
    except InvalidRequest as refused:
        problem, comment = str(refused), None
    if comment is None:
        assert problem.split(maxsplit=1)[0] in {"name", "content", "url", "email", "lang", "website2"}
    else:
        assert comment.name
        assert comment.content == render(str(sent["content"]).strip())
