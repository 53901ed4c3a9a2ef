"""How pictures are judged: by the distance between distributions, and by what is read back of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.palette import CLASS_NAMES

_DRAWS: Final = 200
LEAST_SHARE: Final = 0.005
"""Share of all pixels from which a class counts as present."""

Features = NDArray[np.float64]
Groups = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Distance:
    """A kernel distance × 1000 (0: the same distribution), and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Consistency:
    """What is read back of pictures, against the maps that they were made of.

    accuracy: share of pixels read as the class that was asked for. iou: mean over the classes that are
    present of intersection over union. by_class: that of each class that is present.
    """

    accuracy: float
    iou: float
    by_class: dict[str, float]


def kernel_distance(
    real: Features, made: Features, real_groups: Groups, made_groups: Groups, *, paired: bool
) -> Distance:
    """Kernel distance of Bińkowski et al. 2018, "Demystifying MMD GANs": the unbiased squared maximum mean
    discrepancy under the kernel (x·y/d + 1)³, times 1000.

    real, made: float (n, d) and (m, d), in units in which photographs spread by about 1. The
    groups number the pair that each row was cut from: rows of one pair resemble each other, so that only
    rows of different pairs are compared, and there must be two pairs at least. paired: the groups of both
    are the same pairs, and rows of one pair are left out between real and made as well, so that pictures
    that equal the real ones are at distance 0. The error is that of a bootstrap over the pairs.
    """
    xs = _blocks(real, real, real_groups, real_groups)
    ys = _blocks(made, made, made_groups, made_groups)
    between = _blocks(real, made, real_groups, made_groups)
    rng = np.random.default_rng(1)
    pairs, others = len(xs[0]), len(ys[0])
    drawn = []
    for _ in range(_DRAWS):
        of_real = rng.multinomial(pairs, np.full(pairs, 1.0 / pairs)).astype(np.float64)
        of_made = rng.multinomial(others, np.full(others, 1.0 / others)).astype(np.float64)
        of_made = of_real if paired else of_made
        if np.count_nonzero(of_real) > 1 and np.count_nonzero(of_made) > 1:
            drawn.append(_discrepancy(xs, ys, between, of_real, of_made, paired))
    value = _discrepancy(xs, ys, between, np.ones(pairs), np.ones(others), paired)
    return Distance(1000.0 * value, 1000.0 * float(np.std(drawn)))


_Blocks = tuple[NDArray[np.float64], NDArray[np.float64]]


def _blocks(a: Features, b: Features, a_groups: Groups, b_groups: Groups) -> _Blocks:
    """Sums of the kernel between each two groups, and how many values each has."""
    kernel = (a @ b.T / a.shape[1] + 1.0) ** 3
    in_a = (a_groups[None] == np.unique(a_groups)[:, None]).astype(np.float64)
    in_b = (b_groups[None] == np.unique(b_groups)[:, None]).astype(np.float64)
    return in_a @ kernel @ in_b.T, in_a.sum(1)[:, None] * in_b.sum(1)[None]


def _discrepancy(
    xs: _Blocks,
    ys: _Blocks,
    between: _Blocks,
    of_real: NDArray[np.float64],
    of_made: NDArray[np.float64],
    paired: bool,
) -> float:
    return (
        _mean(xs, of_real, of_real, apart=True)
        + _mean(ys, of_made, of_made, apart=True)
        - 2.0 * _mean(between, of_real, of_made, apart=paired)
    )


def _mean(blocks: _Blocks, a: NDArray[np.float64], b: NDArray[np.float64], *, apart: bool) -> float:
    """Mean of the kernel where the groups occur a and b times. apart: without a group against itself."""
    weight = np.outer(a, b)
    if apart:
        np.fill_diagonal(weight, 0.0)
    sums, counts = blocks
    return float((weight * sums).sum() / (weight * counts).sum())


def consistency(asked: Sequence[NDArray[np.uint8]], read: Sequence[NDArray[np.uint8]]) -> Consistency:
    """Compare maps, labels uint8 (S, S), with what was read back of the pictures."""
    count = len(CLASS_NAMES)
    table = np.zeros((count, count), dtype=np.int64)
    for wanted, found in zip(asked, read, strict=True):
        both = wanted.astype(np.intp).ravel() * count + found.ravel()
        table += np.bincount(both, minlength=count * count).reshape(count, count)
    present = table.sum(axis=1) > LEAST_SHARE * table.sum()
    hits = table.diagonal()
    union = table.sum(axis=0) + table.sum(axis=1) - hits
    by_class = {name: float(hits[n] / union[n]) for n, name in enumerate(CLASS_NAMES) if present[n]}
    return Consistency(
        accuracy=float(hits.sum() / table.sum()),
        iou=float(np.mean(list(by_class.values()))),
        by_class=by_class,
    )
