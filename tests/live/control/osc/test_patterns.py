"""OSC's address patterns."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.control.osc.patterns import LONGEST, Pattern, PatternError, is_pattern


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("/city", "/city"),
        ("/*", "/city"),
        ("/mix/*", "/mix/new-york"),
        ("/*/*", "/mix/dubai"),
        ("/m?x/d*i", "/mix/dubai"),
        ("/region/{left,right}", "/region/right"),
        ("/region/{to,top}", "/region/top"),
        ("/region/{,bo}t*", "/region/bottom"),
        ("/region/{,bo}t*", "/region/top"),
        ("/cue/[1-3]/go", "/cue/2/go"),
        ("/cue/[!4-9a]/go", "/cue/1/go"),
        ("/cue/[-1]", "/cue/-"),
        ("/cue/[1-]", "/cue/-"),
        ("/cue/[135]", "/cue/5"),
        ("/*a*a*", "/dubai-la"),
        ("/a,b*", "/a,bc"),
        ("/cue/1*", "/cue/1.5"),
        ("/**", "/city"),
        ("/*", "/"),
    ],
)
def test_it_matches(pattern: str, address: str) -> None:
    assert Pattern(pattern).matches(address)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("/*", "/mix/dubai"),
        ("*", "/city"),
        ("/mix/*", "/mix"),
        ("/mix*", "/mix/dubai"),
        ("/cit?", "/cit"),
        ("/?", "/ab"),
        ("/region/{left,right}", "/region/leftright"),
        ("/cue/[!1]/go", "/cue/1/go"),
        ("/cue/[3-1]/go", "/cue/2/go"),
        ("/cue/[]/go", "/cue/1/go"),
        ("/CITY*", "/city"),
        ("/1.5*", "/1x5"),
    ],
)
def test_it_does_not_match(pattern: str, address: str) -> None:
    assert not Pattern(pattern).matches(address)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("/cue/[1-3", "the pattern /cue/[1-3 has a [ without its ]"),
        ("/{left,right/x}", "the pattern /{left,right/x} has a { without its }"),
        ("/" + "*" * LONGEST, f"a pattern has at most {LONGEST} characters, not {LONGEST + 1}"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_one_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(PatternError) as error:
        Pattern(pattern).matches("/city")
    assert str(error.value) == sentence


def test_what_is_a_pattern() -> None:
    assert all(map(is_pattern, ["/*", "/cit?", "/[a]", "/{a,b}", "/a]"]))
    assert not any(map(is_pattern, ["/city", "/mix/new-york", "/cue/1.5/go", "/são-paulo"]))


_letters = st.text("ab-", max_size=6)
_tokens = st.one_of(
    st.sampled_from("ab/").map(lambda c: (c, c)),
    st.just(("?", "[^/]")),
    st.just(("*", "[^/]*")),
    st.just(("[a-b]", "[a-b]")),
    st.just(("[!a]", "[^a/]")),
    st.lists(_letters, min_size=1, max_size=3).map(
        lambda words: ("{" + ",".join(words) + "}", "(?:" + "|".join(map(re.escape, words)) + ")")
    ),
)


@given(st.lists(_tokens, max_size=8), st.text("ab/-", max_size=10))
def test_it_agrees_with_a_regular_expression(tokens: list[tuple[str, str]], address: str) -> None:
    pattern = "".join(osc for osc, _ in tokens)
    expected = re.fullmatch("".join(regexp for _, regexp in tokens), address) is not None
    assert Pattern(pattern).matches(address) == expected


@given(st.text("/*?[]{},!-ab", max_size=LONGEST), st.text("/ab", max_size=60))
def test_any_text_is_a_pattern_or_an_error(pattern: str, address: str) -> None:
    with contextlib.suppress(PatternError):
        Pattern(pattern).matches(address)
