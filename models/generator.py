"""The generator: one convolutional network for all cities of a set.

    labels   (1, H, W) uint8 ── one-hot ─┬▶ U-Net at 1/4, 1/8, 1/16 ─▶ head at 1/2 ─▶ picture (1, H, W, 3)
    noise    (1, 8, H/4, W/4) ───────────┤
    patterns (N, 19, H/4, W/4) ─ detail ─┘
    mix      (1, N, H/16, W/16) ─▶ styles ─▶ scale and shift of every block

Folding pixels into channels (space to depth) and back (pixel shuffle: Shi et al. 2016, "Real-Time Single
Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network") keeps most of
the arithmetic at a quarter of the side, and class borders sharp. The scale and shift are FiLM's (Perez et
al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer"), here at each place of the sheet.
There is no normalisation layer: nothing looks at the statistics of the whole picture, so that a stroke in
one corner can't change the texture in another.

A drawing says where a city is built up, and nothing of its houses. They come from the city's patterns
(`models.inputs`), photographs as guidance for what a coarse map leaves open. Where an area is too small for
a pattern, as one house on a fine map is, the pattern fades out (`pattern_share`) and the network paints by
itself.

Only training and export import this module; the stage runs the exported ONNX.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.inputs import DETAIL_CHANNELS, FINE_CHANNELS, NOISE_CHANNELS, PATTERNED
from models.palette import BUILDING, CLASS_NAMES, GREEN, GROUND

SIZES: Final = {"small": 32, "large": 96}
"""Widths by name: for a CPU on stage, and for a GPU, at nine times the arithmetic."""


@dataclass(frozen=True, slots=True)
class GeneratorShape:
    """What must be known to build a generator that fits given weights.

    cities: how many cities it holds. width: channels at a quarter of the side, see SIZES. style: numbers
    that make up a city's style.
    """

    cities: int
    width: int = 32
    style: int = 16


class ModulatedBlock(nn.Module):
    """Two 3×3 convolutions around a residual, the first scaled and shifted by the style at each place."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Conv2d(style, 2 * channels, 1)
        nn.init.normal_(self.modulation.weight, std=0.2)
        nn.init.zeros_(self.modulation.bias)  # type: ignore[arg-type]
        # Near-identity at the start, in place of normalisation (Zhang et al. 2019, "Fixup Initialization").
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.modulation(style).chunk(2, dim=1)
        hidden = functional.leaky_relu(self.first(x) * (1.0 + scale) + shift, 0.2)
        out: Tensor = x + self.second(hidden)
        return out


PATTERN_WINDOW: Final = 7
"""Cells (of 4 pixels) around a place that decide whether the pattern of its class shows there: 17 m."""
PATTERN_FROM: Final = {GROUND: 0.55, GREEN: 0.55, BUILDING: 0.25}
"""The share of a class in that window from which on its pattern shows. A thin red stroke is still a row of
houses, and the network knows more of them by the patterns than by itself."""


def pattern_share(classes: Tensor) -> Tensor:
    """How far the pattern of each class shows: float (B, len(PATTERNED), h, w), 0..1.

    classes: the share of each class in each cell, float (B, 5, h, w). What is returned goes from nothing to
    all within a little: where it was small but not nothing, the network would learn to amplify what a
    photograph tells it there, and would do so with the patterns.
    """
    own = torch.cat([classes[:, k : k + 1] for k in PATTERNED], dim=1)
    around = functional.avg_pool2d(
        own, PATTERN_WINDOW, stride=1, padding=PATTERN_WINDOW // 2, count_include_pad=False
    )
    begins = torch.tensor([PATTERN_FROM[k] for k in PATTERNED], dtype=own.dtype).view(1, -1, 1, 1)
    return own * torch.clamp((around - begins) / 0.1, 0.0, 1.0)


class Generator(nn.Module):
    """See the module. Works on float tensors in training; `Exportable` wraps it for the stage."""

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        w, s = shape.width, shape.style
        eighth, sixteenth = 3 * w // 2, 3 * w
        classes = len(CLASS_NAMES)
        self.styles = nn.Conv2d(shape.cities, s, 1, bias=False)  # column n is the style of city n
        nn.init.normal_(self.styles.weight)
        self.stem = nn.Conv2d(16 * classes + NOISE_CHANNELS + DETAIL_CHANNELS, w, 1)
        self.to_eighth = nn.Conv2d(w, eighth, 3, stride=2, padding=1)
        self.eighth_in = ModulatedBlock(eighth, s)
        self.to_sixteenth = nn.Conv2d(eighth, sixteenth, 3, stride=2, padding=1)
        self.sixteenth = nn.ModuleList([ModulatedBlock(sixteenth, s) for _ in range(2)])
        self.from_sixteenth = nn.Conv2d(sixteenth, eighth, 1)
        self.eighth_out = ModulatedBlock(eighth, s)
        self.from_eighth = nn.Conv2d(eighth, w, 1)
        self.quarter_out = ModulatedBlock(w, s)
        # The head works at half the side, where the map's own outlines, the finest noise and the luma of
        # the patterns come in again.
        half = w // 2
        self.to_half = nn.Conv2d(w, 4 * half, 1)
        self.map_at_half = nn.Conv2d(4 * classes + FINE_CHANNELS // 4 + 1, half, 1)
        self.outline = nn.Conv2d(half, half, 3, padding=1)
        self.to_rgb = nn.Conv2d(half, 12, 3, padding=1)

    def forward(self, onehot: Tensor, noise: Tensor, mix: Tensor, details: Tensor) -> Tensor:
        """Render: onehot float (B, 5, H, W), noise (B, NOISE_CHANNELS, H/4, W/4), mix (B, N, H/16, W/16),
        details (B, DETAIL_CHANNELS × len(PATTERNED), H/4, W/4), that of each class in turn; H and W
        multiples of 16. Returns RGB float (B, 3, H, W), meant to lie in -1..1."""
        style16 = self.styles(mix)
        style8 = functional.interpolate(style16, scale_factor=2.0, mode="bilinear", align_corners=False)
        style4 = functional.interpolate(style16, scale_factor=4.0, mode="bilinear", align_corners=False)
        shares = pattern_share(functional.avg_pool2d(onehot, 4))
        parts = [
            shares[:, k : k + 1] * details[:, k * DETAIL_CHANNELS : (k + 1) * DETAIL_CHANNELS]
            for k in range(len(PATTERNED))
        ]
        detail = parts[0] + parts[1] + parts[2]
        quarter = self.stem(torch.cat([functional.pixel_unshuffle(onehot, 4), noise, detail], dim=1))
        eighth = self.eighth_in(functional.leaky_relu(self.to_eighth(quarter), 0.2), style8)
        x = functional.leaky_relu(self.to_sixteenth(eighth), 0.2)
        for block in self.sixteenth:
            x = block(x, style16)
        x = functional.interpolate(self.from_sixteenth(x), scale_factor=2.0, mode="nearest")
        x = self.eighth_out(x + eighth, style8)
        x = functional.interpolate(self.from_eighth(x), scale_factor=2.0, mode="nearest")
        x = self.quarter_out(x + quarter, style4)
        half = functional.pixel_shuffle(self.to_half(functional.leaky_relu(x, 0.2)), 2)
        # Unfolded one by one: OpenVINO can't take apart channels that are quantized by different scales.
        fine = [functional.pixel_shuffle(part, 2) for part in (noise[:, :FINE_CHANNELS], detail[:, :4])]
        half = half + self.map_at_half(torch.cat([functional.pixel_unshuffle(onehot, 2), *fine], dim=1))
        half = half + self.outline(functional.leaky_relu(half, 0.2))
        return functional.pixel_shuffle(self.to_rgb(functional.leaky_relu(half, 0.2)), 2)


def mixed_details(patterns: Tensor, mix: Tensor) -> Tensor:
    """The details of a mix: float (1, DETAIL_CHANNELS × len(PATTERNED), h, w).

    patterns: float (N, PATTERN_CHANNELS, h, w). mix: float (1, N, h/4, w/4). At each place the city whose
    share times its grain is greatest has most of it.
    """
    mix = functional.interpolate(mix, scale_factor=4.0, mode="bilinear", align_corners=False)
    weight = mix.permute(1, 0, 2, 3) * patterns[:, -1:]
    weight = weight / weight.sum(dim=0, keepdim=True)
    return (weight * patterns[:, :-1]).sum(dim=0, keepdim=True)


class Exportable(nn.Module):
    """The generator as it goes on stage: uint8 labels in, uint8 picture out, so that no engine needs
    code of its own around it.

    dtype: of the generator's weights, and so of what it computes; what goes in and comes out has the same
    types for any.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.generator = generator
        self.dtype = dtype

    def forward(self, labels: Tensor, noise: Tensor, patterns: Tensor, mix: Tensor) -> Tensor:
        """labels uint8 (1, H, W), noise and mix as in `Generator`, patterns as in `mixed_details`; returns
        uint8 (1, H, W, 3) RGB."""
        # The cast comes first: TensorRT takes uint8 at the border of a graph and nowhere else.
        plane = labels.to(torch.float32).unsqueeze(1)
        classes = torch.arange(len(CLASS_NAMES), dtype=torch.float32).view(1, -1, 1, 1)
        onehot = (plane == classes).to(self.dtype)
        mix = mix.to(self.dtype)
        details = mixed_details(patterns.to(self.dtype), mix)
        rgb = self.generator(onehot, noise.to(self.dtype), mix, details)
        grey = torch.clamp(rgb * 127.5 + 127.5, 0.0, 255.0).permute(0, 2, 3, 1)
        return torch.round(grey).to(torch.uint8)
