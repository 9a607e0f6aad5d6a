"""What a site learns from its owner's decisions, and what it makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions import learned, sanitize
from mentions.learned import Feature, Memory, Tally, features_of
from mentions.model import Author, Content, Kind, PlainText, Protocol, Reaction, Url

HASHES = st.sets(st.sampled_from([bytes([n]) * 8 for n in range(12)]), max_size=6)
DECISIONS = st.lists(st.tuples(HASHES, st.booleans()), max_size=12)


def reaction(html: str, name: str = "Ann", url: str | None = None) -> Reaction:
    safe = sanitize.safe_html(html, base="https://a.example/")
    content = Content(safe, sanitize.plain_text(html))
    return Reaction(Kind.REPLY, author=Author(PlainText(name), Url(url) if url else None), content=content)


def after(decisions) -> Memory:
    memory = Memory()
    for hashes, is_spam in decisions:
        memory = memory.learn(hashes, is_spam=is_spam)
    return memory


def trained(spam: int = 10, good: int = 10) -> Memory:
    bad, fine = (
        reaction('<p>cheap casino <a href="https://pills.example/">pills</a></p>', "Casino Bob"),
        "<p>diolch am y blog</p>",
    )
    memory = Memory()
    for is_spam, number, said in ((True, spam, bad), (False, good, reaction(fine, "Nia"))):
        for _ in range(number):
            memory = memory.learn([each.hash for each in features_of(said, Protocol.COMMENT)], is_spam=is_spam)
    return memory


@given(DECISIONS, HASHES, st.booleans())
def test_what_is_taken_back_leaves_nothing_behind(decisions, hashes, is_spam):
    before = after(decisions)
    assert before.learn(hashes, is_spam=is_spam).unlearn(hashes, is_spam=is_spam) == before


@given(DECISIONS, st.randoms(use_true_random=False))
def test_the_order_of_decisions_makes_no_difference(decisions, random):
    shuffled = list(decisions)
    random.shuffle(shuffled)
    assert after(shuffled) == after(decisions)


@given(DECISIONS, st.randoms(use_true_random=False))
def test_taking_everything_back_in_any_order_ends_where_it_began(decisions, random):
    memory, back = after(decisions), list(decisions)
    random.shuffle(back)
    for hashes, is_spam in back:
        memory = memory.unlearn(hashes, is_spam=is_spam)
    assert memory == Memory()


@given(DECISIONS, st.lists(st.sampled_from(["a", "b", "c"]), max_size=3))
def test_a_score_lies_between_nothing_and_certain(decisions, words):
    memory = Memory(Tally(20, 20), after(decisions).features, after(decisions).words)
    found = learned.score(memory, [Feature("word", word) for word in words])
    assert found is not None
    assert 0 <= found.value <= 1


def test_spam_is_known_again_by_its_words_with_reasons():
    found = learned.score(trained(), features_of(reaction("<p>A casino with cheap pills!</p>"), Protocol.WEBMENTION))
    assert found is not None
    assert found.holds
    assert set(found.reasons) == {"the word “casino”", "the word “cheap”", "the word “pills”"}


def test_hosts_and_names_are_reasons_too():
    said = reaction('<p><a href="https://pills.example/other">x</a></p>', "Bob")
    found = learned.score(trained(), features_of(said, Protocol.COMMENT))
    assert found is not None
    assert {"a link to pills.example", "“bob” in the name"} <= set(found.reasons)


def test_what_is_good_or_new_is_not_held():
    memory = trained()
    good = learned.score(memory, features_of(reaction("<p>Diolch!</p>", "Nia"), Protocol.COMMENT))
    new = learned.score(memory, features_of(reaction("<p>Something else entirely</p>", "Zed"), Protocol.PINGBACK))
    assert good is not None
    assert new is not None
    assert good.value < 0.1
    assert (new.value, new.reasons) == (0.5, ())


@pytest.mark.parametrize(("spam", "good"), [(10, 9), (20, 2), (2, 20), (0, 0)])
def test_few_or_one_sided_decisions_say_nothing(spam, good):
    assert learned.score(trained(spam, good), [Feature("word", "casino")]) is None


def test_what_is_looked_at():
    said = reaction(
        "<p>It’s  ＣＡＳＩＮＯ 日本語 of</p><p><a href='https://www.Links.example/x'>here</a></p>",
        "Ann B.",
        "https://ann.example/",
    )
    found = {(each.kind, each.value) for each in features_of(said, Protocol.PINGBACK, "https://src.example/1")}
    assert found == {
        ("protocol", "pingback"),
        ("host", "links.example"),
        ("host", "ann.example"),
        ("host", "src.example"),
        ("name", "ann"),
        *(("word", word) for word in ("it's", "casino", "日本", "本語", "here")),
    }


def test_a_long_text_is_cut():
    many = " ".join(f"word{number}" for number in range(2000))
    assert len(features_of(reaction(f"<p>{many}</p>"), Protocol.COMMENT)) == learned.MOST_FEATURES
