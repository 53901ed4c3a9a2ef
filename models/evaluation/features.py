"""What a fixed network sees in pictures, for comparing many with many.

The network is that of the perceptual distance which our generator is taught by and the reference is not: so
only layers are looked at that lie deeper than any of that distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.evaluation.metrics import Features, Groups
from models.training.losses import load_efficientnet

WINDOWS: Final = 9
"""Windows of a picture, of half its side, three by three: each is a sample."""
_LAYERS: Final = (10, 15)
"""The blocks of EfficientNet-Lite0 that are looked at: at 1/16 of the side, and the last at 1/32."""


def picture_tensor(picture: NDArray[np.uint8]) -> Tensor:
    """A picture uint8 (S, S, 3) RGB as the network takes it, float (1, 3, S, S) in -1..1."""
    return torch.from_numpy(picture)[None].permute(0, 3, 1, 2).float() / 127.5 - 1.0


class WindowFeatures:
    """The mean features of a picture's windows, in units in which the given photographs spread by 1."""

    def __init__(self, photographs: Sequence[NDArray[np.uint8]]) -> None:
        net = load_efficientnet()
        self._stem = nn.Sequential(net._conv_stem, net._bn0, nn.ReLU6())
        self._blocks = net._blocks
        seen = self._see(photographs)
        self._centre, self._spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6

    def of(self, pictures: Sequence[NDArray[np.uint8]]) -> Features:
        """Float64 (WINDOWS × pictures, channels), of pictures uint8 (S, S, 3) RGB."""
        features: Features = (self._see(pictures) - self._centre) / self._spread
        return features

    @torch.no_grad()
    def _see(self, pictures: Sequence[NDArray[np.uint8]]) -> Features:
        rows = []
        for picture in pictures:
            x = self._stem(picture_tensor(picture))
            seen = []
            for index, block in enumerate(self._blocks):
                x = block(x)
                if index in _LAYERS:
                    window = x.shape[-1] // 2
                    means = functional.avg_pool2d(x, window, stride=window // 2)
                    seen.append(means[0, :, :3, :3].flatten(1).T)
            rows.append(torch.cat(seen, dim=1))
        features: Features = torch.cat(rows).double().numpy()
        return features


def window_groups(groups: Sequence[int]) -> Groups:
    """The group of each window, for the group of each picture."""
    return np.repeat(np.asarray(groups, dtype=np.intp), WINDOWS)
