"""A generator that was trained by the common PyTorch repository of pix2pix and CycleGAN, as a city set.

Its `latest_net_G.pth` holds nothing but named tensors, so that everything else is read off them: which
network it is, how wide, and how it is normalised. (J.-Y. Zhu, T. Park and others,
github.com/junyanz/pytorch-CycleGAN-and-pix2pix; the names are those of its `models/networks.py`.)
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.cityset import CARD_VERSION, NETWORK, CityCard, SetCard, checksum, write_card
from models.faults import InputFault
from models.palette import CLASS_NAMES
from models.pix2pix import RESNET_BLOCKS, UNET_LEVELS, NormLayer, ResNet, UNet
from models.training.export import save_onnx

Norm: TypeAlias = Literal["batch", "instance", "none"]
"""batch: by the statistics gathered in training. instance: by those of each picture."""
Colours: TypeAlias = tuple[tuple[int, int, int], ...]
"""RGB of each class on the maps that the network was trained on."""

WIDEST: Final = 128
"""Channels of a first level; the usual is 64."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A generator that was read, ready to run. width: channels of its first level."""

    generator: UNet | ResNet
    norm: Norm
    width: int

    @property
    def architecture(self) -> str:
        """Its name in the repository."""
        return "unet_256" if isinstance(self.generator, UNet) else "resnet_9blocks"

    @property
    def smallest(self) -> int:
        """The side is a multiple of this."""
        return 1 << UNET_LEVELS if isinstance(self.generator, UNet) else 16


# Reading


def read_generator(path: Path, norm: Norm | Literal["auto"] = "auto") -> Imported:
    """Read the weights of a unet_256 or a resnet_9blocks; nothing in the file is run.

    norm: "auto" is what it was trained with; "instance" makes a network with batch normalisation use the
    statistics of each picture, as the repository's own test does unless told otherwise.

    Raises InputFault in one sentence if these aren't the weights of such a generator.
    """
    weights = _read_weights(path)
    try:
        layout = _layout_of(weights)
        return _assembled(weights, layout, _norm_of(weights, layout, norm))
    except _UnlikeError as unlike:
        raise InputFault(f"{path} {unlike}") from None


class _UnlikeError(Exception):
    """What is wrong with weights, to stand behind the name of their file."""


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The named tensors of a file, without the prefix of a training on several GPUs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are refused in a sentence of ours
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputFault(f"{path} can't be read: {error.strerror}; give a network's .pth file") from None
    except pickle.UnpicklingError as error:
        if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise InputFault(
                f"{path} holds more than weights ({found[1]}), and reading that could run anything; save "
                "the state_dict() of the network instead"
            ) from None
        raise InputFault(f"{path} holds no weights of PyTorch; give a network's .pth file") from None
    except Exception as error:  # the readers of torch raise many kinds for what they make no sense of
        if "TorchScript" in str(error):
            raise InputFault(
                f"{path} holds a whole program (TorchScript); save the state_dict() of the network instead"
            ) from None
        raise InputFault(f"{path} is cut off or no file of PyTorch; copy or save it again") from None
    if not isinstance(content, dict) or not content:
        raise InputFault(f"{path} holds no named weights; save the state_dict() of the network")
    weights: dict[str, Tensor] = {}
    for name, tensor in content.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise InputFault(
                f"{path} holds {str(name)[:40]!r}, which is no tensor; give the file of the generator "
                "alone, such as latest_net_G.pth"
            )
        if tensor.layout != torch.strided or tensor.untyped_storage().nbytes() < tensor.nbytes:
            raise InputFault(f"{path}: {name[:80]} is not stored whole; save the weights again")
        weights[name.removeprefix("module.")] = tensor
    return weights


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a network's layers are, each by the name that it has in the repository.

    names: our name of every layer. first, last: the outermost. inner: one before a normalisation. norms:
    the normalisations.
    """

    build: type[UNet | ResNet]
    names: Mapping[str, str]
    first: str
    last: str
    inner: str
    norms: tuple[str, ...]


def _layout_of(weights: Mapping[str, Tensor]) -> _Layout:
    if "model.model.0.weight" in weights:
        return _unet_layout(weights)
    if "model.1.weight" in weights and any(".conv_block." in name for name in weights):
        return _resnet_layout(weights)
    if "model.0.weight" in weights:
        raise _UnlikeError("is a discriminator (net_D); give the generator's file, latest_net_G.pth")
    raise _UnlikeError(
        f"is no generator of the pix2pix repository (its first weight is {next(iter(weights))[:60]!r})"
    )


def _unet_layout(weights: Mapping[str, Tensor]) -> _Layout:
    """The repository nests every level of a U-Net in the one above."""
    levels = 1
    block = "model.model.1.model."
    while f"{block}1.weight" in weights:
        levels += 1
        block += "3.model."
    if levels != UNET_LEVELS:
        kind = f"unet_{1 << levels}" if levels > 4 else f"a U-Net of {levels} levels"
        raise _UnlikeError(f"is {kind}, and only unet_256 and resnet_9blocks can be imported")
    inner = UNET_LEVELS - 1
    first, last = "model.model.0", "model.model.3"
    names = {first: "down.0.0", last: f"up.{inner}.1"}
    norms = []
    block = "model.model.1.model."
    for n in range(1, UNET_LEVELS):
        # Down, its normalisation, the level below, up, its normalisation; each with an activation before.
        up = 3 if n == inner else 5
        names |= {f"{block}1": f"down.{n}.1", f"{block}{up}": f"up.{inner - n}.1"}
        if n < inner:
            names[f"{block}2"] = f"down.{n}.2"
            norms.append(f"{block}2")
        names[f"{block}{up + 1}"] = f"up.{inner - n}.2"
        norms.append(f"{block}{up + 1}")
        block += "3.model."
    return _Layout(UNet, names, first, last, inner="model.model.1.model.1", norms=tuple(norms))


def _resnet_layout(weights: Mapping[str, Tensor]) -> _Layout:
    """The repository counts the layers of a residual network through."""
    blocks = {found[1] for name in weights if (found := re.match(r"model\.(\d+)\.conv_block\.", name))}
    if len(blocks) != RESNET_BLOCKS:
        raise _UnlikeError(
            f"is resnet_{len(blocks)}blocks, and only unet_256 and resnet_9blocks can be imported"
        )
    first, last = "model.1", f"model.{17 + RESNET_BLOCKS}"
    names = {first: "head", "model.2": "head_norm", last: "tail"}
    for n, at in enumerate((4, 7)):
        names |= {f"model.{at}": f"down_convs.{n}", f"model.{at + 1}": f"down_norms.{n}"}
    # Trained with dropout, a block has one layer more in its middle.
    sixth = weights.get("model.10.conv_block.6.weight")
    second = 6 if sixth is not None and sixth.ndim == 4 else 5
    for n in range(RESNET_BLOCKS):
        block = f"model.{10 + n}.conv_block."
        names |= {f"{block}1": f"blocks.{n}.first", f"{block}2": f"blocks.{n}.first_norm"}
        names |= {
            f"{block}{second}": f"blocks.{n}.second",
            f"{block}{second + 1}": f"blocks.{n}.second_norm",
        }
    for n, at in enumerate((10 + RESNET_BLOCKS, 13 + RESNET_BLOCKS)):
        names |= {f"model.{at}": f"up_convs.{n}", f"model.{at + 1}": f"up_norms.{n}"}
    norms = tuple(theirs for theirs, ours in names.items() if "norm" in ours)
    return _Layout(ResNet, names, first, last, inner=first, norms=norms)


@dataclass(frozen=True, slots=True)
class _Normalised:
    """How a network was trained: kind; affine: whether its normalisation has weights; biased: whether the
    convolutions before it have a bias."""

    kind: Norm
    affine: bool
    biased: bool

    @property
    def layer(self) -> NormLayer:
        if self.kind == "batch":
            return nn.BatchNorm2d
        if self.kind == "instance":
            return lambda channels: nn.InstanceNorm2d(channels, affine=self.affine)
        return nn.Identity


def _norm_of(weights: Mapping[str, Tensor], layout: _Layout, wanted: Norm | Literal["auto"]) -> _Normalised:
    affine = f"{layout.norms[0]}.weight" in weights
    gathered = all(f"{norm}.running_mean" in weights for norm in layout.norms)
    # Only before an instance normalisation convolutions have a bias, which is all the trace that it leaves.
    biased = f"{layout.inner}.bias" in weights
    trained: Norm = "batch" if affine and gathered else "instance" if affine or biased else "none"
    kind = trained if wanted == "auto" else wanted
    if kind == "batch" != trained:
        raise _UnlikeError(
            f"was trained with --norm {trained}, and has no statistics of batches; leave --norm out"
        )
    if kind == "instance" and trained == "none":
        raise _UnlikeError("was trained with --norm none, and has nothing to normalise; leave --norm out")
    return _Normalised(kind, affine, biased)


_STATISTICS: Final = ("running_mean", "running_var", "num_batches_tracked")


def _assembled(weights: Mapping[str, Tensor], layout: _Layout, normalised: _Normalised) -> Imported:
    """The network with its weights, each checked against the place that it goes to."""
    first, last = weights.get(f"{layout.first}.weight"), weights.get(f"{layout.last}.weight")
    if first is None or last is None or first.ndim != 4 or last.ndim != 4:
        raise _UnlikeError("lacks the first or the last layer of a generator; save the weights again")
    width, taken = first.shape[:2]
    made = last.shape[1 if layout.build is UNet else 0]
    if (taken, made) != (3, 3):
        raise _UnlikeError(
            f"takes {taken} and makes {made} channels; only networks from colour to colour, 3 and 3, "
            "can be imported"
        )
    if not 1 <= width <= WIDEST:
        raise _UnlikeError(f"has {width} channels in its first layer; at most {WIDEST} can be imported")
    kept: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        layer, _, part = name.rpartition(".")
        if part in _STATISTICS and normalised.kind != "batch":
            continue  # also old files with instance normalisation hold some, which are not used
        if layer not in layout.names:
            raise _UnlikeError(f"has a layer {layer[:60]!r}, which such a network has not")
        kept[f"{layout.names[layer]}.{part}"] = tensor
    theirs = {ours: name for name, ours in layout.names.items()}
    with torch.device("meta"):
        generator = layout.build(width, normalised.layer, biased=normalised.biased)
    wanted = {n: t for n, t in generator.state_dict().items() if not n.endswith("num_batches_tracked")}
    for name, place in wanted.items():
        layer, _, part = name.rpartition(".")
        if name not in kept:
            raise _UnlikeError(f"lacks {theirs[layer]}.{part}; save the weights again")
        if kept[name].shape != place.shape:
            raise _UnlikeError(
                f"holds {theirs[layer]}.{part} of {_size(kept[name])}, where {_size(place)} would fit"
            )
        if not kept[name].is_floating_point() or not kept[name].isfinite().all():
            raise _UnlikeError(f"holds values in {theirs[layer]}.{part} that are no numbers")
    if unknown := sorted(kept.keys() - generator.state_dict().keys()):
        layer, _, part = unknown[0].rpartition(".")
        raise _UnlikeError(f"has {theirs[layer]}.{part}, which such a network has not")
    if layout.build is UNet:
        # Of what a level on the way up takes, the repository has that from the way down first, ours last.
        for n in range(1, UNET_LEVELS):
            kept[f"up.{n}.1.weight"] = torch.cat(kept[f"up.{n}.1.weight"].chunk(2)[::-1])
    generator = generator.to_empty(device="cpu")
    generator.load_state_dict({n: t.float() for n, t in kept.items() if n in wanted}, strict=False)
    return Imported(generator.eval().requires_grad_(False), normalised.kind, width)


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "one number"


# Writing


class FromLabels(nn.Module):
    """An imported generator as it goes on stage: labels painted in its map's colours, and its picture."""

    def __init__(self, generator: nn.Module, colours: Colours) -> None:
        super().__init__()
        self.generator = generator
        table = torch.tensor(colours, dtype=torch.float32) / 127.5 - 1.0
        self.register_buffer("table", table.T.reshape(3, len(CLASS_NAMES), 1, 1).contiguous())

    def forward(self, labels: Tensor) -> Tensor:
        """labels uint8 (B, H, W); returns uint8 (B, H, W, 3) RGB."""
        # As in `models.generator.Exportable`, in operators that every engine has.
        plane = labels.to(torch.float32).unsqueeze(1)
        classes = torch.arange(len(CLASS_NAMES), dtype=torch.float32).view(1, -1, 1, 1)
        onehot = (plane == classes).to(torch.float32)
        rgb = self.generator(functional.conv2d(onehot, self.get_buffer("table")))
        grey = torch.clamp(rgb * 127.5 + 127.5, 0.0, 255.0).permute(0, 2, 3, 1)
        return torch.round(grey).to(torch.uint8)


def write_set(
    imported: Imported,
    city: CityCard,
    folder: Path,
    *,
    colours: Colours,
    side: int,
    metres_per_pixel: float,
    origin: Path,
) -> SetCard:
    """Write a set of one city, for one side. origin: the file that the weights came from."""
    network = folder / NETWORK
    save_onnx(
        FromLabels(imported.generator, colours),
        {"labels": torch.zeros(1, side, side, dtype=torch.uint8)},
        network,
    )
    card = SetCard(
        version=CARD_VERSION,
        title=city.title,
        classes=CLASS_NAMES,
        noise_channels=0,
        side=side,
        metres_per_pixel=metres_per_pixel,
        width=imported.width,
        parameters=sum(p.numel() for p in imported.generator.parameters()),
        training={
            "imported_from": origin.name,
            "imported_sha256": checksum(origin),
            "architecture": imported.architecture,
            "norm": imported.norm,
            "colours": {
                name: "#{:02x}{:02x}{:02x}".format(*rgb)
                for name, rgb in zip(CLASS_NAMES, colours, strict=True)
            },
        },
        metrics={},
        cities=(city,),
        files={NETWORK: checksum(network)},
    )
    write_card(card, folder)
    return card
