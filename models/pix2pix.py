"""The classic generators of pix2pix and CycleGAN, layer for layer, so that weights trained elsewhere fit.

The U-Net is that of Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks";
the residual network that of Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and
Super-Resolution", as Zhu et al. 2017 use it in CycleGAN. Both map RGB to RGB in -1..1.

Only training and import use this module; the stage runs exported ONNX.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

NormLayer: TypeAlias = Callable[[int], nn.Module]
"""Makes the normalisation of so many channels."""

UNET_LEVELS: Final = 8
"""Halvings of the side: 256 pixels become one."""
RESNET_BLOCKS: Final = 9


class UNet(nn.Module):
    """unet_256: eight levels down and up again, each with a way across.

    width: channels of the first level. biased: whether convolutions before a normalisation have a bias.
    dropout: in training, of the three levels above the innermost. The side is a multiple of 256.
    """

    def __init__(self, width: int, norm: NormLayer, *, biased: bool, dropout: float = 0.5) -> None:
        super().__init__()
        channels = [3, *(min(2**n, 8) * width for n in range(UNET_LEVELS))]
        inner = UNET_LEVELS - 1
        down: list[nn.Module] = []
        up: list[nn.Module] = []  # the innermost first
        for n, (outside, inside) in enumerate(itertools.pairwise(channels)):
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if n else []
            layers.append(nn.Conv2d(outside, inside, 4, stride=2, padding=1, bias=biased))
            if 0 < n < inner:
                layers.append(norm(inside))
            down.append(nn.Sequential(*layers))
            taken = inside if n == inner else 2 * inside
            layers = [nn.ReLU()]
            layers.append(nn.ConvTranspose2d(taken, outside, 4, stride=2, padding=1, bias=biased or n == 0))
            layers.append(norm(outside) if n else nn.Tanh())
            if inner - 3 <= n < inner:
                layers.append(nn.Dropout(dropout))
            up.insert(0, nn.Sequential(*layers))
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)

    def forward(self, rgb: Tensor) -> Tensor:
        """rgb: float (B, 3, H, W). Returns the same shape in -1..1."""
        across = []
        for level in self.down:
            rgb = level(rgb)
            across.append(rgb)
        x: Tensor = self.up[0](across.pop())
        for level in self.up[1:]:
            x = level(torch.cat([x, across.pop()], dim=1))
        return x


class ResidualBlock(nn.Module):
    """Two normalised 3×3 convolutions around a residual, the border mirrored."""

    def __init__(self, channels: int, norm: NormLayer, *, biased: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, bias=biased)
        self.first_norm = norm(channels)
        self.second = nn.Conv2d(channels, channels, 3, bias=biased)
        self.second_norm = norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(self.first_norm(self.first(_mirrored(x, 1))))
        out: Tensor = x + self.second_norm(self.second(_mirrored(hidden, 1)))
        return out


class ResNet(nn.Module):
    """resnet_9blocks: nine residual blocks at a quarter of the side, which is a multiple of 4.

    width, biased: see `UNet`. Dropout within the blocks isn't built: it does nothing outside training.
    """

    def __init__(self, width: int, norm: NormLayer, *, biased: bool, blocks: int = RESNET_BLOCKS) -> None:
        super().__init__()
        w = width
        self.head = nn.Conv2d(3, w, 7, bias=biased)
        self.head_norm = norm(w)
        self.down_convs = nn.ModuleList(
            nn.Conv2d(c, 2 * c, 3, stride=2, padding=1, bias=biased) for c in (w, 2 * w)
        )
        self.down_norms = nn.ModuleList(norm(c) for c in (2 * w, 4 * w))
        self.blocks = nn.ModuleList(ResidualBlock(4 * w, norm, biased=biased) for _ in range(blocks))
        self.up_convs = nn.ModuleList(
            nn.ConvTranspose2d(c, c // 2, 3, stride=2, padding=1, output_padding=1, bias=biased)
            for c in (4 * w, 2 * w)
        )
        self.up_norms = nn.ModuleList(norm(c) for c in (2 * w, w))
        self.tail = nn.Conv2d(w, 3, 7)

    def forward(self, x: Tensor) -> Tensor:
        """x: float (B, 3, H, W). Returns the same shape in -1..1."""
        x = functional.relu(self.head_norm(self.head(_mirrored(x, 3))))
        for conv, norm in zip(self.down_convs, self.down_norms, strict=True):
            x = functional.relu(norm(conv(x)))
        for block in self.blocks:
            x = block(x)
        for conv, norm in zip(self.up_convs, self.up_norms, strict=True):
            x = functional.relu(norm(conv(x)))
        return torch.tanh(self.tail(_mirrored(x, 3)))


def _mirrored(x: Tensor, margin: int) -> Tensor:
    return functional.pad(x, (margin, margin, margin, margin), mode="reflect")
