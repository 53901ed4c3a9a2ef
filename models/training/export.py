"""From trained weights to a city set on disk: the network as ONNX, and its card."""

from __future__ import annotations

import copy
import hashlib
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch.export import Dim

from models.cityset import CARD_VERSION, NETWORK, NETWORK_HALF, CityCard, SetCard, write_card
from models.generator import Exportable, Generator
from models.inputs import CELL, NOISE_CHANNELS, noise_field
from models.palette import CLASS_NAMES
from models.training.sources import SetSources

OPSET: Final = 18


def export_set(
    generator: Generator, sources: SetSources, training: Mapping[str, Any], folder: Path
) -> SetCard:
    """Write `model.onnx` and `model-half.onnx` (for any side that is a multiple of 16) and `card.json`;
    returns the card."""
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(generator, folder / NETWORK)
    export_onnx(generator, folder / NETWORK_HALF, half=True)
    card = SetCard(
        version=CARD_VERSION,
        title=sources.title,
        classes=CLASS_NAMES,
        noise_channels=NOISE_CHANNELS,
        side=0,
        metres_per_pixel=sources.metres_per_pixel,
        width=generator.shape.width,
        parameters=sum(p.numel() for p in generator.parameters()),
        training=training,
        metrics={},
        cities=tuple(CityCard(c.folder, c.title, c.data, c.licence, c.attribution) for c in sources.cities),
        files={
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in (NETWORK, NETWORK_HALF)
        },
    )
    write_card(card, folder)
    return card


def export_onnx(generator: Generator, path: Path, *, half: bool = False) -> None:
    """The generator as one ONNX file: uint8 labels, noise and mix in, uint8 picture out, any side.

    half: computes in half precision, for a GPU; what goes in and comes out has the same types.
    """
    module = Exportable(copy.deepcopy(generator).half(), torch.float16) if half else Exportable(generator)
    side = 8 * CELL  # any will do for tracing
    cities = generator.shape.cities
    example = (
        torch.zeros(1, side, side, dtype=torch.uint8),
        torch.from_numpy(noise_field(side)),
        torch.full((1, cities, side // CELL, side // CELL), 1.0 / cities),
    )
    cells = Dim("cells", min=2, max=256)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its own parts
        program = torch.onnx.export(
            module.eval(),
            example,
            input_names=["labels", "noise", "mix"],
            output_names=["picture"],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            dynamic_shapes={
                "labels": {1: CELL * cells, 2: CELL * cells},
                "noise": {2: CELL // 4 * cells, 3: CELL // 4 * cells},
                "mix": {2: cells, 3: cells},
            },
        )
    assert program is not None
    partial = path.with_suffix(".partial")
    program.save(partial)
    partial.replace(path)
