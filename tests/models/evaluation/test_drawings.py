from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.drawings import drawings
from models.palette import CLASS_NAMES


@pytest.mark.parametrize("side", [64, 512])
def test_drawings_are_labels_of_the_side(side: int) -> None:
    drawn = drawings(side)
    assert len(drawn) >= 6
    for labels in drawn.values():
        assert labels.shape == (side, side)
        assert labels.dtype == np.uint8
        assert labels.max() < len(CLASS_NAMES)


def test_there_are_sheets_of_one_ink_and_of_several() -> None:
    kinds = {name: len(np.unique(labels)) for name, labels in drawings(512).items()}
    assert sorted(kinds.values())[:5] == [1] * 5
    assert sum(count >= 3 for count in kinds.values()) >= 4
    assert (drawings(128)["town"] == drawings(128)["town"]).all()
