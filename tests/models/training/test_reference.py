"""The reference in small: made-up pairs, a step, and its network read again."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import numpy as np
import pytest

from models.faults import InputFault
from models.palette import paint
from tests.support import require_module

torch = require_module("torch", extra="train")

from torch import Tensor, nn  # noqa: E402

from models.training.command import main  # noqa: E402
from models.training.pairs import CityPairs, Pair  # noqa: E402
from models.training.reference import (  # noqa: E402
    SIDE,
    ReferenceDiscriminator,
    ReferenceTraining,
    load_reference,
    map_tensor,
    reference_generator,
)
from models.training.train import read_metadata  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def pairs() -> CityPairs:
    """One pair, whose photograph is its map in pale colours."""
    cells = np.random.default_rng(3).integers(0, 5, (9, 9), dtype=np.uint8)
    labels = cells.repeat(32, axis=0).repeat(32, axis=1)
    pair = Pair("one", labels, (paint(labels) // 2 + 60).astype(np.uint8))
    return CityPairs("dark", (pair,), (pair,))


def weights(network: nn.Module) -> list[Tensor]:
    """Those of its convolutions; what normalisation follows leaves no slope for a bias."""
    return [p.detach() for p in network.parameters() if p.ndim == 4]


def test_it_is_the_network_of_the_paper() -> None:
    generator = reference_generator()
    assert 54e6 < sum(p.numel() for p in generator.parameters()) < 55e6, "54.4 M, as published"
    discriminator = ReferenceDiscriminator().eval()
    picture = torch.rand(1, 3, 128, 128)
    picture.requires_grad_(True)
    verdicts = discriminator(torch.rand(1, 3, 128, 128), picture)
    assert verdicts.shape == (1, 1, 14, 14)
    # Each verdict sees 70×70 pixels of its own. Normalisation looks at all of them, so that it is left out.
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, nn.Conv2d)]
    seen = functools.reduce(lambda x, layer: layer(x), convolutions, torch.cat([picture, picture], dim=1))
    (gradient,) = torch.autograd.grad(seen[0, 0, 7, 7], picture)
    rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70


def test_a_step_teaches_both_networks_and_is_kept(pairs: CityPairs, tmp_path: Path) -> None:
    training = ReferenceTraining(pairs)
    before = [w.clone() for w in weights(training.generator) + weights(training.discriminator)]
    told: list[tuple[int, float, dict[str, float]]] = []
    path = tmp_path / "dark.safetensors"
    training.run(1e-9, tmp_path, lambda *step: told.append(step))
    ((step, minutes, losses),) = told
    assert step == 1
    assert minutes > 0
    assert all(np.isfinite(list(losses.values())))
    assert 0 < losses["l1"] < 2
    after = weights(training.generator) + weights(training.discriminator)
    assert not any(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    about = read_metadata(path)
    assert (about["city"], about["steps"]) == ("dark", "1")
    assert list(tmp_path.iterdir()) == [path]
    again = load_reference(path)
    labels = pairs.held_out[0].labels[:SIDE, :SIDE]
    with torch.inference_mode():
        picture = again(map_tensor(labels))
        wanted = training.generator.eval()(map_tensor(labels))
        other = again(map_tensor(np.zeros_like(labels)))
    assert picture.shape == (1, 3, SIDE, SIDE)
    assert (picture - wanted).abs().max() < 0.05, "half precision"
    assert (picture - other).abs().max() > 0.0


def test_it_is_saved_on_the_way_and_at_the_end(
    pairs: CityPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = ReferenceTraining(pairs)
    clock = itertools.count(0.0, 60.0)  # a minute a step
    rates: list[float] = []
    saved: list[float] = []

    def step() -> dict[str, float]:
        rates.append(training._optimizers[0].param_groups[0]["lr"])
        return {}

    monkeypatch.setattr("models.training.reference.time.process_time", lambda: next(clock))
    monkeypatch.setattr(training, "train_step", step)
    monkeypatch.setattr(training, "save", lambda _: saved.append(training.minutes))
    training.run(12.0, tmp_path, lambda *_: None)
    assert saved == [5.0, 10.0, 12.0]
    assert rates[:6] == [2e-4] * 6
    assert rates[6:] == sorted(rates[6:], reverse=True)
    assert rates[-1] < 0.2 * 2e-4, "falling over the second half"


def test_a_map_goes_in_as_its_colours() -> None:
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[0, 0] = 3
    tensor = map_tensor(labels)
    assert tensor[0, :, 0, 0].tolist() == [1, -1, -1]
    assert tensor[0, :, 1, 1].tolist() == [1, 1, 1]


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04K\x01.", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_network_of_it_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "dark.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputFault, match="no network of `cities train --reference`"):
        load_reference(path)


def test_unpaired_pictures_are_refused_before_any_training(data: Path, sources: Path) -> None:
    (data / "dark" / "labels" / "4.png").unlink()
    words = f"--reference --data {data} --out {data / 'out'} --sources {sources} --minutes 1"
    with pytest.raises(InputFault, match="4 has no partner in labels/"):
        main(words.split())
    assert not (data / "out").exists()
