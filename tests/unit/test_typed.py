"""What a typed comment may hold, and what makes it suspicious."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import typed
from mentions.errors import InvalidRequest
from mentions.form_tokens import Form, Shown
from mentions.markdown import render
from mentions.reasons import Cause
from mentions.typed import Around

NOTHING_ELSE = Around()


def fields(**more):
    return {"name": "Ann", "content": "Hello"} | more


def doubts(content="Hello", *, name="Ann", around=NOTHING_ELSE, **more):
    return typed.suspicion(typed.read_comment(fields(content=content, name=name, **more)), around)


def shown(form, seconds=60.0):
    return Around(form=Shown(form, seconds))


def test_an_ordinary_comment_is_not_suspicious():
    assert doubts("I read [this](https://a.example/) and liked it.").reasons == ()
    assert doubts("Diolch o galon, roedd hwn yn ddiddorol iawn!", around=shown(Form.OURS, 3.0)).reasons == ()
    assert doubts(name="ann.example", url="https://www.ann.example/").reasons == ()
    assert doubts(name="Dr.Evans").reasons == doubts(name="J. R. Jones").reasons == ()


@pytest.mark.parametrize(
    ("given_fields", "word"),
    [
        ({"content": "https://a.example http://b.example HTTPS://c.example"}, "3 links"),
        ({"content": "[url=https://a.example]x[/url]"}, "forums"),
        ({"content": '<a href="https://a.example">x</a>'}, "forums"),
        ({"name": "https://a.example"}, "name"),
        ({"around": Around(is_repeated=True)}, "the same words"),
        ({"around": Around(is_nearly_repeated=True)}, "nearly the same"),
        ({"around": Around(pages_of_links=2)}, "2 other pages today"),
        ({"around": Around(pages_of_visitor=5)}, "5 other pages within ten minutes"),
        ({"around": Around(blocked_links=("bad.example",))}, "bad.example, which you have blocked"),
        ({"around": shown(Form.OURS, 2.9), "content": "Look at https://a.example/"}, "in 2.9 seconds"),
    ],
)
def test_each_sign_holds_the_comment_and_names_itself(given_fields, word):
    doubt = doubts(**given_fields)
    assert doubt.holds
    assert not doubt.is_spam
    assert any(word in reason.words for reason in doubt.reasons)


@pytest.mark.parametrize(
    ("given_fields", "word"),
    [
        ({"name": "shop.example"}, "another site"),
        ({"name": "shop.example/buy", "url": "https://ann.example/"}, "another site"),
        ({"around": Around(pages_of_links=1)}, "another page today"),
        ({"around": Around(pages_of_visitor=3)}, "3 other pages"),
        ({"around": shown(Form.OURS, 2.9)}, "in 2.9 seconds"),
        ({"around": shown(Form.MISSING, None)}, "without the form's token"),
        ({"around": shown(Form.FOREIGN, None)}, "none of ours"),
        ({"around": shown(Form.OLD, 90_000.0)}, "half a day"),
    ],
)
def test_a_weak_sign_is_named_and_holds_only_beside_another(given_fields, word):
    doubt = doubts(**given_fields)
    assert [word in reason.words for reason in doubt.reasons] == [True]
    assert not doubt.holds
    other = Around(form=Shown(Form.OLD)) if "name" in given_fields else given_fields["around"]
    assert doubts(name="shop.example", around=other).holds


def test_a_proof_settles_how_it_was_sent_and_not_what_it_says():
    around = Around(form=Shown(Form.OURS, 0.1), pages_of_visitor=9, is_repeated=True)
    assert {reason.cause for reason in doubts(around=around).reasons} == {Cause.FAST, Cause.MANY, Cause.REPEATED}
    assert {reason.cause for reason in doubts(around=around).after_proof().reasons} == {Cause.REPEATED}


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
