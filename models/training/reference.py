"""The reference: pix2pix as it was published, one network per city, to hold our cities against.

    cities train --reference --data ../data --out ~/my-training --minutes 20

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks": a U-Net of eight
steps with 64 filters and dropout, a discriminator of 70×70 patches that sees the map too, cross entropy and
100 times L1, one crop of 256 pixels at a time, mirrored at random, Adam at 2e-4, falling over the second
half. With instance normalisation, as batch normalisation is at a batch of one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from models.faults import InputFault
from models.palette import paint
from models.pix2pix import UNet
from models.training.pairs import CityPairs

SIDE = 256
FOLDER = "reference"
"""Below the folder of a training: a network of each city."""
SAVE_MINUTES = 5.0


def reference_generator() -> UNet:
    """unet_256 with 64 filters and instance normalisation, untrained."""
    return UNet(64, nn.InstanceNorm2d, biased=True)


class ReferenceDiscriminator(nn.Module):
    """Says of each patch of 70×70 pixels whether it is a photograph."""

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        f = filters
        layers: list[nn.Module] = [nn.Conv2d(6, f, 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after, stride in ((f, 2 * f, 2), (2 * f, 4 * f, 2), (4 * f, 8 * f, 1)):
            layers += [nn.Conv2d(before, after, 4, stride, 1), nn.InstanceNorm2d(after), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * f, 1, 4, 1, 1))

    def forward(self, rgb_map: Tensor, picture: Tensor) -> Tensor:
        """Verdicts (B, 1, h, w), higher for real; map and picture (B, 3, H, W) in -1..1."""
        verdict: Tensor = self.layers(torch.cat([rgb_map, picture], dim=1))
        return verdict


class ReferenceTraining:
    """One city's network under way. Minutes are those of one core that this process was given."""

    def __init__(self, pairs: CityPairs, seed: int = 1) -> None:
        torch.manual_seed(seed)
        self.pairs = pairs
        self.step = 0
        self.minutes = 0.0
        self.generator, self.discriminator = reference_generator(), ReferenceDiscriminator()
        self._optimizers = []
        for net in (self.generator, self.discriminator):
            net.apply(_begin)
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._optimizers.append(torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)))
        self._rng = np.random.default_rng(seed)

    def train_step(self) -> dict[str, float]:
        """Teach by one crop; returns the losses by name."""
        rgb_map, photo = self._crop()
        optimize_g, optimize_d = self._optimizers
        picture = self.generator(rgb_map)
        real, fake = self.discriminator(rgb_map, photo), self.discriminator(rgb_map, picture.detach())
        optimize_d.zero_grad(set_to_none=True)
        d_loss = 0.5 * (_verdict_loss(real, 1.0) + _verdict_loss(fake, 0.0))
        torch.autograd.backward(d_loss)
        optimize_d.step()
        self.discriminator.requires_grad_(False)
        pixel = functional.l1_loss(picture, photo)
        optimize_g.zero_grad(set_to_none=True)
        g_loss = _verdict_loss(self.discriminator(rgb_map, picture), 1.0) + 100.0 * pixel
        torch.autograd.backward(g_loss)
        optimize_g.step()
        self.discriminator.requires_grad_(True)
        self.step += 1
        return {"l1": pixel.item(), "discriminator": d_loss.item()}

    def run(
        self, minutes: float, folder: Path, report: Callable[[int, float, dict[str, float]], None]
    ) -> None:
        """Train for so many minutes of one core, calling `report(step, minutes, losses)` after a step.

        Saves into the folder at the end and every SAVE_MINUTES, since not every training comes to its end.
        """
        begun = time.process_time()
        saved = 0.0
        while self.minutes < minutes:
            for optimizer in self._optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = 2e-4 * min(1.0, 2.0 * (1.0 - self.minutes / minutes) + 0.01)
            losses = self.train_step()
            self.minutes = (time.process_time() - begun) / 60
            report(self.step, self.minutes, losses)
            if self.minutes >= saved + SAVE_MINUTES:
                self.save(folder)
                saved = self.minutes
        self.save(folder)

    def save(self, folder: Path) -> None:
        """Write the generator, in half precision, replacing what was there whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.pairs.city}.safetensors"
        tensors = {key: value.half().contiguous() for key, value in self.generator.state_dict().items()}
        about = {"city": self.pairs.city, "minutes": f"{self.minutes:.1f}", "steps": str(self.step)}
        partial = path.with_suffix(".partial")
        save_file(tensors, partial, metadata=about)
        partial.replace(path)

    def _crop(self) -> tuple[Tensor, Tensor]:
        rng = self._rng
        pair = self.pairs.train[int(rng.integers(len(self.pairs.train)))]
        height, width = pair.labels.shape
        y, x = int(rng.integers(height - SIDE + 1)), int(rng.integers(width - SIDE + 1))
        labels, photo = pair.labels[y : y + SIDE, x : x + SIDE], pair.photo[y : y + SIDE, x : x + SIDE]
        if rng.random() < 0.5:
            labels, photo = labels[:, ::-1], photo[:, ::-1]
        return map_tensor(labels), _tensor(photo)


def load_reference(path: Path) -> UNet:
    """The generator of one city, ready to render. Raises InputFault if the file isn't one."""
    generator = reference_generator()
    try:
        generator.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputFault(
            f"{path} is no network of `cities train --reference` ({str(error).splitlines()[0][:120]})"
        ) from None
    return generator.eval()


def map_tensor(labels: NDArray[np.uint8]) -> Tensor:
    """Labels uint8 (H, W) as what the reference takes: the map in the palette, float (1, 3, H, W)."""
    return _tensor(paint(labels))


def _tensor(rgb: NDArray[np.uint8]) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(rgb))[None].permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return tensor.contiguous(memory_format=torch.channels_last)


def _begin(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=0.02)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


def _verdict_loss(verdict: Tensor, wanted: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, wanted))
