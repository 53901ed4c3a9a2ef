"""The generator: one convolutional network for all cities of a set.

    labels (B, H, W) uint8 ─┐ one-hot, folded to a quarter of the side
    noise  (B, 8, H/4, W/4) ─┴▶ U-Net at 1/4, 1/8, 1/16 ─▶ head at 1/2 ─▶ picture (B, H, W, 3) uint8
    mix    (B, N, H/16, W/16) ─▶ styles ─▶ scale and shift of every block

Folding pixels into channels (space to depth) and back (pixel shuffle: Shi et al. 2016, "Real-Time Single
Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network") keeps most of
the arithmetic at a quarter of the side, and class borders sharp. The scale and shift are FiLM's (Perez et
al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer"), here at each place of the sheet.
There is no normalisation layer: nothing looks at the statistics of the whole picture, so that a stroke in
one corner can't change the texture in another.

Only training and export import this module; the stage runs the exported ONNX.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.inputs import FINE_CHANNELS, NOISE_CHANNELS
from models.palette import CLASS_NAMES


@dataclass(frozen=True, slots=True)
class GeneratorShape:
    """What must be known to build a generator that fits given weights.

    cities: how many cities it holds. width: channels at a quarter of the side, the knob between a network
    for a laptop (32) and one for a GPU (96). style: numbers that make up a city's style.
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


class Generator(nn.Module):
    """See the module. Works on float tensors in training; `Exportable` wraps it for the stage."""

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        w, s = shape.width, shape.style
        classes = len(CLASS_NAMES)
        self.styles = nn.Conv2d(shape.cities, s, 1, bias=False)  # column n is the style of city n
        nn.init.normal_(self.styles.weight)
        self.stem = nn.Conv2d(16 * classes + NOISE_CHANNELS, w, 1)
        self.to_eighth = nn.Conv2d(w, 2 * w, 3, stride=2, padding=1)
        self.eighth_in = ModulatedBlock(2 * w, s)
        self.to_sixteenth = nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1)
        self.sixteenth = nn.ModuleList([ModulatedBlock(4 * w, s) for _ in range(2)])
        self.from_sixteenth = nn.Conv2d(4 * w, 2 * w, 1)
        self.eighth_out = ModulatedBlock(2 * w, s)
        self.from_eighth = nn.Conv2d(2 * w, w, 1)
        self.quarter_out = ModulatedBlock(w, s)
        # The head works at half the side, where the map's own outlines and the finest noise come in again.
        half = w // 2
        self.to_half = nn.Conv2d(w, 4 * half, 1)
        self.map_at_half = nn.Conv2d(4 * classes + FINE_CHANNELS // 4, half, 1)
        self.outline = nn.Conv2d(half, half, 3, padding=1)
        self.to_rgb = nn.Conv2d(half, 12, 3, padding=1)

    def forward(self, onehot: Tensor, noise: Tensor, mix: Tensor) -> Tensor:
        """Render: onehot float (B, 5, H, W), noise (B, NOISE_CHANNELS, H/4, W/4), mix (B, N, H/16, W/16),
        H and W multiples of 16. Returns RGB float (B, 3, H, W), meant to lie in -1..1."""
        style16 = self.styles(mix)
        style8 = functional.interpolate(style16, scale_factor=2.0, mode="bilinear", align_corners=False)
        style4 = functional.interpolate(style16, scale_factor=4.0, mode="bilinear", align_corners=False)
        quarter = self.stem(torch.cat([functional.pixel_unshuffle(onehot, 4), noise], dim=1))
        eighth = self.eighth_in(functional.leaky_relu(self.to_eighth(quarter), 0.2), style8)
        x = functional.leaky_relu(self.to_sixteenth(eighth), 0.2)
        for block in self.sixteenth:
            x = block(x, style16)
        x = functional.interpolate(self.from_sixteenth(x), scale_factor=2.0, mode="nearest")
        x = self.eighth_out(x + eighth, style8)
        x = functional.interpolate(self.from_eighth(x), scale_factor=2.0, mode="nearest")
        x = self.quarter_out(x + quarter, style4)
        half = functional.pixel_shuffle(self.to_half(functional.leaky_relu(x, 0.2)), 2)
        fine = functional.pixel_shuffle(noise[:, :FINE_CHANNELS], 2)
        half = half + self.map_at_half(torch.cat([functional.pixel_unshuffle(onehot, 2), fine], dim=1))
        half = half + self.outline(functional.leaky_relu(half, 0.2))
        return functional.pixel_shuffle(self.to_rgb(functional.leaky_relu(half, 0.2)), 2)


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

    def forward(self, labels: Tensor, noise: Tensor, mix: Tensor) -> Tensor:
        """labels uint8 (B, H, W), noise and mix as in `Generator`; returns uint8 (B, H, W, 3) RGB."""
        # The cast comes first: TensorRT takes uint8 at the border of a graph and nowhere else.
        plane = labels.to(torch.float32).unsqueeze(1)
        classes = torch.arange(len(CLASS_NAMES), dtype=torch.float32).view(1, -1, 1, 1)
        onehot = (plane == classes).to(self.dtype)
        rgb = self.generator(onehot, noise.to(self.dtype), mix.to(self.dtype))
        grey = torch.clamp(rgb * 127.5 + 127.5, 0.0, 255.0).permute(0, 2, 3, 1)
        return torch.round(grey).to(torch.uint8)
