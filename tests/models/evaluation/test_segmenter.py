"""The shipped segmenter reads what looks like ground, water and leaves; photographs lie elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.evaluation.metrics import consistency
from models.evaluation.segmenter import SEGMENTER, SegmenterReader
from models.palette import CLASS_NAMES, GREEN, WATER


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


def test_it_tells_what_a_place_looks_like(reader: SegmenterReader) -> None:
    rng = np.random.default_rng(2)
    labels = np.full((256, 256), GREEN, dtype=np.uint8)
    labels[:, 128:] = WATER
    picture = np.empty((256, 256, 3), dtype=np.float64)
    picture[:, :128] = (52, 66, 44)
    picture[:, 128:] = (20, 60, 75)
    leaves = cv2.resize(rng.normal(0, 25, (64, 32)), (128, 256), interpolation=cv2.INTER_CUBIC)
    picture[:, :128] += leaves[:, :, None]
    rgb = (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)
    right = consistency([labels], [reader.read(rgb)])
    wrong = consistency([labels], [reader.read(np.ascontiguousarray(rgb[:, ::-1]))])
    assert right.accuracy > 0.8
    assert right.iou > wrong.iou + 0.5


def test_it_is_small_and_says_what_it_was_taught_by(reader: SegmenterReader) -> None:
    assert SEGMENTER.stat().st_size < 1_500_000
    facts = reader.facts
    assert facts["classes"] == list(CLASS_NAMES)
    assert facts["data"].keys() == facts["held_out"].keys()
    assert all(facts["held_out"].values())
    assert "SpaceNet" in facts["data"]["las-vegas"]
