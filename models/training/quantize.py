"""The network in 8-bit integers, for OpenVINO on a CPU: half the time, if the picture bears it.

NNCF's post-training quantization (https://github.com/openvinotoolkit/nncf) chooses the scales from pictures
of real maps, coarse and fine, in every city and in mixes. A gate compares both networks on held-out maps;
the card keeps what it measured, and an engine takes the quantized network only where the gate was passed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import nncf
import numpy as np
import onnx
from numpy.typing import NDArray

from models.cityset import NETWORK_INT8, CitySet, SetCard, checksum, load_city_set, write_card
from models.engines.base import feed
from models.engines.openvino import OpenVinoEngine
from models.inputs import fixed_inputs, whole_sheet
from models.training.pairs import CityPairs, coarsen

SIDE: Final = 256
LEAST_DB: Final = 35.0
"""Peak signal to noise of a city's pictures, in dB, below which the eye begins to see the difference."""
SENSITIVE: Final = ("styles", "modulation", "map_at_half")
"""Parts of the generator whose inputs are of very different sizes: one scale for all is too coarse."""
CALIBRATION_MAPS: Final = 12
"""Maps of each city from which the scales are chosen."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What became of the gate: the mean peak signal to noise of each city's held-out maps, in dB."""

    db: dict[str, float]

    @property
    def passed(self) -> bool:
        """Whether the quantized network goes on stage."""
        return min(self.db.values()) >= LEAST_DB

    @property
    def sentence(self) -> str:
        """What was measured, and what came of it."""
        found = ", ".join(f"{city} {db} dB" for city, db in self.db.items())
        verdict = "passed" if self.passed else "failed, and the network stays in single precision"
        return f"{found} of at least {LEAST_DB:g}: {verdict}"


def quantize_set(folder: Path, cities: Sequence[CityPairs]) -> Gate:
    """Add the quantized network to a set on disk, whose cities are `cities` in their order.

    It is left out again where the gate fails; the card says what was measured either way.
    """
    city_set = load_city_set(folder)
    fixed = fixed_inputs(city_set, SIDE)
    maps = [
        (labels, mix)
        for city, pairs in enumerate(cities)
        for labels, mix in _calibration(pairs, city, len(cities))
    ]
    data = nncf.Dataset([{**fixed, **feed(labels, mix)} for labels, mix in maps])
    logging.getLogger("nncf").setLevel(logging.ERROR)
    network = onnx.load(city_set.network)
    quantized = nncf.quantize(
        network,
        data,
        # Symmetric: with zero points, OpenVINO multiplies in f32 again on a CPU with AVX2 alone.
        preset=nncf.QuantizationPreset.PERFORMANCE,
        subset_size=len(maps),
        ignored_scope=nncf.IgnoredScope(names=exact_nodes(network)),
    )
    path = folder / NETWORK_INT8
    onnx.save(quantized, path)
    card = replace(city_set.card, files={**city_set.card.files, NETWORK_INT8: checksum(path)})
    gate = measure(city_set, replace(city_set, card=_noted(card, passed=True)), cities)
    if not gate.passed:
        path.unlink()
        card = city_set.card
    write_card(_noted(card, gate.passed, gate.db), folder)
    return gate


def exact_nodes(network: onnx.ModelProto) -> list[str]:
    """The nodes that stay in single precision: all but convolutions, and of these the SENSITIVE ones."""
    return [
        node.name
        for node in network.graph.node
        if node.op_type != "Constant"
        and (node.op_type != "Conv" or any(part in name for name in node.input for part in SENSITIVE))
    ]


def _noted(card: SetCard, passed: bool, db: dict[str, float] | None = None) -> SetCard:
    said: dict[str, Any] = {"passed": passed, "least_db": LEAST_DB}
    return replace(card, metrics={**card.metrics, "int8": said | ({"db": db} if db else {})})


def measure(exact: CitySet, quantized: CitySet, cities: Sequence[CityPairs]) -> Gate:
    """Compare two sets, of which the second is rendered by its quantized network, on the held-out maps."""
    engines = [OpenVinoEngine(one, SIDE, threads=1) for one in (exact, quantized)]
    decibels: dict[str, float] = {}
    for city, pairs in enumerate(cities):
        found = []
        for pair in pairs.held_out:
            one, other = (
                engine.render(_corner(pair.labels), whole_sheet(city, len(cities))).astype(np.float64)
                for engine in engines
            )
            found.append(10.0 * np.log10(255.0**2 / max(float(((one - other) ** 2).mean()), 1e-6)))
        decibels[pairs.city] = round(float(np.mean(found)), 1)
    return Gate(decibels)


def _calibration(
    pairs: CityPairs, city: int, of: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    rng = np.random.default_rng(city)
    for n in range(CALIBRATION_MAPS):
        pair = pairs.train[int(rng.integers(len(pairs.train)))]
        mix = whole_sheet(city, of)
        if n % 4 == 3:  # half way to another city
            mix = (mix + whole_sheet(int(rng.integers(of)), of)) / 2.0
        yield coarsen(_corner(pair.labels), float(n % 3) / 2.0, rng), mix


def _corner(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The corner of a map, uint8 (SIDE, SIDE); a smaller one is mirrored beyond its edges."""
    height, width = (max(0, SIDE - length) for length in labels.shape)
    return np.pad(labels, ((0, height), (0, width)), mode="symmetric")[:SIDE, :SIDE].copy()
