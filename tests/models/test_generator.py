from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.inputs import CELL, PATTERN_CHANNELS, PATTERNED, noise_field
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND, ROAD
from tests.support import require_module

torch = require_module("torch", extra="train")

from models.generator import Exportable, Generator, GeneratorShape, mixed_details, pattern_share  # noqa: E402

SIDE = 96


def _classes(labels: NDArray[np.uint8]) -> Any:
    onehot = torch.nn.functional.one_hot(torch.from_numpy(labels).long(), len(CLASS_NAMES))
    return torch.nn.functional.avg_pool2d(onehot.permute(2, 0, 1)[None].float(), 4)


def _render(generator: Generator, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    torch.manual_seed(5)
    patterns = torch.rand(2, PATTERN_CHANNELS, SIDE // 4, SIDE // 4) + 0.1
    mix = torch.full((1, 2, SIDE // CELL, SIDE // CELL), 0.5)
    with torch.no_grad():
        noise = torch.from_numpy(noise_field(SIDE))
        picture = Exportable(generator)(torch.from_numpy(labels)[None], noise, patterns, mix)
    return np.asarray(picture[0].numpy(), np.uint8)


def test_a_pattern_fills_areas_and_leaves_small_things_alone() -> None:
    labels = np.full((128, 128), GROUND, np.uint8)
    labels[:64, :64] = BUILDING
    labels[96:104, 96:104] = BUILDING  # one house
    labels[80:120, 60:68] = GREEN  # and a hedge
    labels[100:, :40] = ROAD
    share = pattern_share(_classes(labels))[0]
    area = PATTERNED.index(BUILDING)
    assert share.shape == (len(PATTERNED), 32, 32)
    assert share[area, 8, 8] == 1.0
    assert share[area, 24:26, 24:26].max() == 0.0
    assert share[PATTERNED.index(GROUND), 6, 26] == 1.0
    assert share[:, 27:, :8].max() == 0.0, "a road has no pattern"
    assert share[PATTERNED.index(GREEN)].max() == 0.0, "a hedge is no park"


def test_a_city_alone_has_its_own_details_and_a_mix_has_some_of_each() -> None:
    torch.manual_seed(1)
    patterns = torch.rand(3, PATTERN_CHANNELS, 16, 16) + 0.05
    mix = torch.zeros(1, 3, 4, 4)
    mix[:, 1] = 1.0
    assert torch.equal(mixed_details(patterns, mix), patterns[1:2, :-1])
    mixed = mixed_details(patterns, torch.full((1, 3, 4, 4), 1 / 3))
    assert (mixed <= patterns[:, :-1].amax(0) + 1e-6).all()
    assert (mixed >= patterns[:, :-1].amin(0) - 1e-6).all()
    # Where one city's grain is far above the others', the place is that city's.
    patterns[2, -1] = 1e4
    torch.testing.assert_close(
        mixed_details(patterns, torch.full((1, 3, 4, 4), 1 / 3)), patterns[2:, :-1], atol=1e-3, rtol=0
    )


def test_a_stroke_changes_nothing_far_away() -> None:
    torch.manual_seed(0)
    generator = Generator(GeneratorShape(cities=2, width=8)).eval()
    before = np.zeros((SIDE * 4, SIDE * 4), np.uint8)
    after = before.copy()
    after[4:20, 4:60] = ROAD
    patterns = torch.rand(2, PATTERN_CHANNELS, SIDE, SIDE) + 0.1
    mix = torch.full((1, 2, SIDE // 4, SIDE // 4), 0.5)
    noise = torch.from_numpy(noise_field(SIDE * 4))
    exportable = Exportable(generator)
    with torch.no_grad():
        one, other = (
            exportable(torch.from_numpy(labels)[None], noise, patterns, mix)[0].numpy().astype(int)
            for labels in (before, after)
        )
    assert np.abs(one - other)[:20, :60].max() > 0
    assert np.abs(one - other)[SIDE * 3 :, SIDE * 3 :].max() == 0


def test_the_same_labels_give_the_same_picture() -> None:
    torch.manual_seed(0)
    generator = Generator(GeneratorShape(cities=2, width=8)).eval()
    labels = np.random.default_rng(2).integers(0, 5, (SIDE, SIDE), dtype=np.uint8)
    assert (_render(generator, labels) == _render(generator, labels)).all()
    assert _render(generator, labels).shape == (SIDE, SIDE, 3)
