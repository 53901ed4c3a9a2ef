"""The shipped segmenter reads pictures of cities; how well, `cities evaluate` says of photographs."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from models.cityset import load_city_set
from models.engines import open_engine
from models.evaluation.drawings import drawings
from models.evaluation.metrics import consistency
from models.evaluation.segmenter import SEGMENTER, SegmenterReader
from models.inputs import MIX_GRID
from models.palette import CLASS_NAMES


@pytest.fixture(scope="module")
def reader() -> SegmenterReader:
    return SegmenterReader()


@pytest.mark.parametrize("side", [256, 512])
def test_it_says_a_class_for_every_pixel(reader: SegmenterReader, side: int) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8)
    classes = reader.read(picture)
    assert classes.shape == (side, side)
    assert classes.dtype == np.uint8
    assert classes.max() < len(CLASS_NAMES)


def test_it_reads_the_map_back_that_a_city_was_made_of(reader: SegmenterReader) -> None:
    city_set = load_city_set("small")
    labels = drawings(256)["town"]
    mix = np.zeros((len(city_set.names), MIX_GRID, MIX_GRID), dtype=np.float32)
    mix[city_set.names.index("palm-springs")] = 1.0
    with closing(open_engine(city_set, 256, "onnxruntime", threads=1).engine) as engine:
        picture = engine.render(labels, mix)
    right = consistency([labels], [reader.read(picture)])
    wrong = consistency([labels], [reader.read(np.ascontiguousarray(picture[:, ::-1]))])
    assert right.by_class["road"] > 0.15
    assert right.iou > wrong.iou + 0.2


def test_it_is_small_and_says_what_it_was_taught_by(reader: SegmenterReader) -> None:
    assert SEGMENTER.stat().st_size < 1_500_000
    facts = reader.facts
    assert facts["classes"] == list(CLASS_NAMES)
    assert facts["data"].keys() == facts["held_out"].keys()
    assert all(facts["held_out"].values())
    assert "SpaceNet" in facts["data"]["las-vegas"]
