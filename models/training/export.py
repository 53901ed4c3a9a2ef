"""From trained weights to a city set on disk: the network as ONNX, and its card."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim

from models.cityset import CARD_VERSION, NETWORK, NETWORK_HALF, CityCard, SetCard, checksum, write_card
from models.faults import InputFault
from models.generator import Exportable, Generator
from models.inputs import CELL, NOISE_CHANNELS, PATTERN_CHANNELS, PATTERNS, noise_field, write_patterns
from models.palette import CLASS_NAMES
from models.training.sources import SetSources

OPSET: Final = 18


def export_set(
    generator: Generator,
    patterns: NDArray[np.uint8],
    sources: SetSources,
    training: Mapping[str, Any],
    folder: Path,
) -> SetCard:
    """Write the network (for any side that is a multiple of 16) in single and in half precision, the
    patterns and the card; returns the card."""
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(generator, folder / NETWORK)
    export_onnx(generator, folder / NETWORK_HALF, half=True)
    write_patterns(patterns, folder / PATTERNS)
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
        files={name: checksum(folder / name) for name in (NETWORK, NETWORK_HALF, PATTERNS)},
    )
    write_card(card, folder)
    return card


def export_onnx(generator: Generator, path: Path, *, half: bool = False) -> None:
    """The generator as one ONNX file: labels, noise, patterns and mix in, picture out, for any side.

    half: computes in half precision, for a GPU; what goes in and comes out has the same types.
    """
    module = Exportable(copy.deepcopy(generator).half(), torch.float16) if half else Exportable(generator)
    side = 8 * CELL  # any will do for tracing
    cities = generator.shape.cities
    example = (
        torch.zeros(1, side, side, dtype=torch.uint8),
        torch.from_numpy(noise_field(side)),
        torch.ones(cities, PATTERN_CHANNELS, side // 4, side // 4),
        torch.full((1, cities, side // CELL, side // CELL), 1.0 / cities),
    )
    cells = Dim("cells", min=2, max=256)
    quarter = {2: CELL // 4 * cells, 3: CELL // 4 * cells}
    save_onnx(
        module,
        dict(zip(("labels", "noise", "patterns", "mix"), example, strict=True)),
        path,
        {
            "labels": {1: CELL * cells, 2: CELL * cells},
            "noise": quarter,
            "patterns": quarter,
            "mix": {2: cells, 3: cells},
        },
    )


def make_folder(folder: Path, option: str) -> None:
    """Make the folder that an option of the command line names; InputFault if it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputFault(
            f"{option} {folder} can't be made: {error.strerror}; give a folder that you may write to"
        ) from None


def save_onnx(
    module: nn.Module,
    example: Mapping[str, Tensor],
    path: Path,
    dynamic_shapes: dict[str, Any] | None = None,
    *,
    output: str = "picture",
    properties: Mapping[str, str] = {},
) -> None:
    """Write a module as ONNX, in one step, with `example` (the arguments of its forward) for its inputs.

    dynamic_shapes: the axes of each input that may differ from the example's. output: the name of what it
    returns. properties: texts about it that travel in the file.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its own parts
        program = torch.onnx.export(
            module.eval(),
            tuple(example.values()),
            input_names=list(example),
            output_names=[output],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            dynamic_shapes=dynamic_shapes,
        )
    assert program is not None
    program.model.metadata_props.update(properties)
    partial = path.with_suffix(".partial")
    program.save(partial)
    partial.replace(path)
