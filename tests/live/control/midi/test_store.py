from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live.control.midi.encoders import ENCODERS
from live.control.midi.mapping import PRESSES, Binding, Taught
from live.control.midi.sources import Source
from live.control.midi.store import read_map, write_map
from live.control.midi.takeover import TAKEOVERS
from models.faults import Fault, InputFault, UsageFault

_CHANNELS = st.one_of(st.none(), st.integers(1, 16))
_SOURCES = st.one_of(
    st.builds(Source, st.just("note"), st.integers(0, 127), _CHANNELS),
    st.builds(Source, st.just("cc"), st.integers(0, 127), _CHANNELS),
    st.builds(Source, st.just("cc14"), st.integers(0, 31), _CHANNELS),
    st.builds(Source, st.just("program"), st.integers(1, 128), _CHANNELS),
    st.builds(Source, st.just("bend"), st.none(), _CHANNELS),
)
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_BINDINGS = st.builds(
    Binding,
    _SOURCES,
    _WORDS.map(lambda text: f"/{text}"),
    st.one_of(st.none(), _WORDS, st.integers(-1000, 1000), st.floats(-1e6, 1e6)),
    st.one_of(st.none(), st.sampled_from(TAKEOVERS)),
    st.none(),
    st.one_of(st.none(), st.sampled_from(PRESSES)),
    st.booleans(),
    st.integers(0, 127),
)
_ENCODERS = st.builds(
    Binding,
    st.builds(Source, st.just("cc"), st.integers(0, 127), _CHANNELS),
    st.just("/opacity"),
    encoder=st.sampled_from(ENCODERS),
)
_TAUGHT = st.lists(st.builds(Taught, _WORDS, st.one_of(_BINDINGS, _ENCODERS)), max_size=6)


@given(_TAUGHT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_what_is_written_is_read(tmp_path: Path, taught: list[Taught]) -> None:
    write_map(tmp_path / "midi.toml", taught)
    assert list(read_map(tmp_path / "midi.toml")) == taught


def test_a_file_as_a_person_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "midi.toml"
    knob = Binding(Source("cc", 7, 1), "/opacity", takeover="scale")
    write_map(path, [Taught("nanoKONTROL2", knob), Taught("APC", Binding(Source("bend", None, 9), "/x"))])
    text = path.read_text()
    assert text.startswith("# What MIDI controllers move which control.")
    assert text.endswith(
        '[[map]]\nport = "nanoKONTROL2"\ncontrol = "/opacity"\ncc = 7\nchannel = 1\ntakeover = "scale"\n'
        '\n[[map]]\nport = "APC"\ncontrol = "/x"\nbend = true\nchannel = 9\n'
    )


def test_no_file_is_an_empty_map(tmp_path: Path) -> None:
    assert read_map(tmp_path / "midi.toml") == ()


_GOOD = '[[map]]\nport = "a"\ncontrol = "/x"\ncc = 7\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[map]]\n[[map]]\n", "midi.toml, line 1: this [[map]] has no port"),
        (f'{_GOOD}\n[[map]]\nport = "a"\n', "line 6: this [[map]] has no control"),
        (f'{_GOOD}[[map]]\nport = "a"\ncontrol = "/x"\n', "line 5: this [[map]] must name one knob, by"),
        (f"{_GOOD}note = 3\n", "must name one knob, by one of the keys note, cc, cc14, bend, program"),
        (f"{_GOOD}channel = 17\n", "has channel = 17, which must be a whole number from 1 to 16"),
        (f"{_GOOD}channel = true\n", "has channel = true, which must be a whole number from 1 to 16"),
        (f"{_GOOD}chanel = 1\n", "has a key chanel, which means nothing; did you mean channel?"),
        (f'{_GOOD}takeover = "jump"\n', 'must be one of "none", "pick-up", "scale"'),
        (f"{_GOOD}value = nan\n", "which must be a number or a string"),
        (f"{_GOOD}value = [1]\n", "has value = an array, which must be a number or a string"),
        (f'{_GOOD}motor = "yes"\n', "which must be true or false"),
        (_GOOD.replace("cc = 7", "program = 0"), "which must be a whole number from 1 to 128"),
        (_GOOD.replace("cc = 7", "cc14 = 32"), "which must be a whole number from 0 to 31"),
        (_GOOD.replace("cc = 7", "bend = false"), "has bend = false, which must be true, or not there"),
        (_GOOD.replace("cc", 'encoder = "signed-bit"\nnote'), "has an encoder that isn't a cc"),
        (_GOOD.replace("/x", "x"), 'must be the address of a control, as "/opacity"'),
        (_GOOD.replace('"a"', '""'), "must be a string that isn't empty"),
        ("map = 3\n", "line 1: map must be written as [[map]]"),
        ("map = [3]\n", "line 1: map must be written as [[map]]"),
        ("[mapp]\n", "line 1: there is no mapp in a MIDI map, only [[map]]"),
        ("[[map]\n", "midi.toml, line 1: [[map] isn't TOML"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "midi.toml"
    path.write_text(text)
    with pytest.raises(UsageFault, match=re.escape(sentence)):
        read_map(path)


@given(st.text(st.sampled_from('[]map="/x\n cc7.portcontrol#true')), st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_any_file_is_read_or_refused(tmp_path: Path, text: str, tail: bytes) -> None:
    path = tmp_path / "midi.toml"
    path.write_bytes(_GOOD.encode() + text.encode() + tail)
    sentence = ""
    try:
        assert len(read_map(path)) >= 1
    except Fault as fault:
        sentence = str(fault)
    assert "\n" not in sentence


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match="can't be kept there"):
        write_map(tmp_path, [])
    with pytest.raises(InputFault, match="can't be read"):
        read_map(tmp_path)
