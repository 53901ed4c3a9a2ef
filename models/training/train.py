"""Train a city set: one generator for all of its cities.

    cities train --data ../shared/data --out ~/my-training --minutes 90

Each step cuts a batch from the pairs, coarsens its maps to what a marker can draw, and teaches the
generator by a patch discriminator, a perceptual distance and the tone of places. What is kept is the moving
average of the weights. The folder holds the checkpoint (safetensors, resumed from when it is there), a
contact sheet of held-out maps and, at the end, the city set itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from models.faults import InputFault
from models.generator import Generator, GeneratorShape
from models.inputs import CELL, noise_field
from models.palette import CLASS_NAMES, paint
from models.training.losses import (
    PatchDiscriminator,
    PerceptualDistance,
    discriminator_loss,
    generator_loss,
    matching_loss,
    tone_distance,
)
from models.training.pairs import Batch, CityPairs, Sampler


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """The knobs of a training; the card of the shipped set says how it was made."""

    width: int = 32
    crop: int = 192
    batch: int = 4
    minutes: float = 90.0
    checkpoint_minutes: float = 5.0
    learning_rate: float = 2e-4
    average: float = 0.998  # of the weights, per step
    perceptual: float = 0.6
    tone: float = 20.0
    adversarial: float = 1.0
    matching: float = 4.0
    adversarial_from: int = 150  # steps, so that the discriminator meets pictures and not noise
    seed: int = 1
    threads: int = 0  # 0: torch's own choice


def onehot(labels: Tensor) -> Tensor:
    """uint8 (B, H, W) to float (B, 5, H, W)."""
    return functional.one_hot(labels.long(), len(CLASS_NAMES)).permute(0, 3, 1, 2).float()


def mix_of(cities: Tensor, of: int, side: int) -> Tensor:
    """Each crop wholly in its own city: float (B, of, side/16, side/16)."""
    cells = side // CELL
    return functional.one_hot(cities, of).float()[:, :, None, None].expand(-1, -1, cells, cells)


class Training:
    """A training under way: networks, optimizers and their state on disk."""

    def __init__(self, cities: list[CityPairs], folder: Path, options: TrainingOptions) -> None:
        torch.manual_seed(options.seed)
        if options.threads:
            torch.set_num_threads(options.threads)
        self.options = options
        self.cities = cities
        self.folder = folder
        self.step = 0
        self.trained_minutes = 0.0
        shape = GeneratorShape(cities=len(cities), width=options.width)
        self.generator = Generator(shape).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = Generator(shape)
        self.averaged.load_state_dict(self.generator.state_dict())
        self.discriminator = PatchDiscriminator(len(cities), len(CLASS_NAMES)).to(
            memory_format=torch.channels_last  # type: ignore[call-overload]
        )
        self.perceptual = PerceptualDistance()
        self._optimize_g = torch.optim.Adam(
            self.generator.parameters(), lr=options.learning_rate, betas=(0.5, 0.99)
        )
        self._optimize_d = torch.optim.Adam(
            self.discriminator.parameters(), lr=options.learning_rate, betas=(0.5, 0.99)
        )
        self._resume()
        self.sampler = Sampler(cities, options.crop, seed=options.seed + self.step)

    # One step ------------------------------------------------------------------------------------------

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Teach by one batch; returns the losses by name."""
        o = self.options
        photos = torch.from_numpy(batch.photos).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        maps = onehot(torch.from_numpy(batch.labels))
        cities = torch.from_numpy(batch.cities)
        noise = torch.from_numpy(batch.noise)
        picture = self.generator(maps, noise, mix_of(cities, len(self.cities), photos.shape[-1]))
        adversarial = self.step >= o.adversarial_from
        losses: dict[str, float] = {}
        if adversarial:
            self._optimize_d.zero_grad(set_to_none=True)
            both = self.discriminator(
                torch.cat([photos, picture.detach()]), torch.cat([maps, maps]), torch.cat([cities, cities])
            )
            d_loss = discriminator_loss(*both.split(len(photos)))
            d_loss.backward()  # type: ignore[no-untyped-call]
            self._optimize_d.step()
            losses["discriminator"] = d_loss.item()
        self._optimize_g.zero_grad(set_to_none=True)
        perceptual = self.perceptual(picture, photos)
        tone = tone_distance(picture, photos)
        total = o.perceptual * perceptual + o.tone * tone
        losses |= {"perceptual": perceptual.item(), "tone": tone.item()}
        if adversarial:
            self.discriminator.requires_grad_(False)
            with torch.no_grad():
                real = self.discriminator(photos, maps, cities)
            fake = self.discriminator(picture, maps, cities)
            self.discriminator.requires_grad_(True)
            g_loss, matching = generator_loss(fake), matching_loss(real, fake)
            total = total + o.adversarial * g_loss + o.matching * matching
            losses |= {"adversarial": g_loss.item(), "matching": matching.item()}
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 10.0)
        self._optimize_g.step()
        self.step += 1
        # The average follows quickly at first, or the random start would weigh on it for long.
        keep = min(o.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for a, g in zip(self.averaged.parameters(), self.generator.parameters(), strict=True):
                a.lerp_(g, 1.0 - keep)
        return losses

    def run(self, report: Callable[[int, float, dict[str, float]], None]) -> None:
        """Train until the minutes are used up, calling `report(step, minutes, losses)` after each step."""
        started = saved = time.monotonic()
        before = self.trained_minutes
        while self.trained_minutes < before + self.options.minutes:
            self._slow_down((self.trained_minutes - before) / self.options.minutes)
            losses = self.train_step(self.sampler.batch(self.options.batch))
            now = time.monotonic()
            self.trained_minutes = before + (now - started) / 60
            report(self.step, self.trained_minutes, losses)
            if now - saved > 60 * self.options.checkpoint_minutes:
                self.save()
                saved = now
        self.save()

    def _slow_down(self, share: float) -> None:
        """Let the learning rate fall in a straight line over the last third of the minutes, as pix2pix does
        over the last half of its epochs. share: of the minutes that are over, 0..1."""
        rate = self.options.learning_rate * min(1.0, 3.0 * (1.0 - share) + 0.02)
        for optimizer in self._optimizers().values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    # On disk -------------------------------------------------------------------------------------------

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def save(self) -> None:
        """Write checkpoint and contact sheet; the checkpoint is replaced whole or not at all."""
        tensors: dict[str, Tensor] = {}
        for name, module in self._modules().items():
            tensors |= {f"{name}/{key}": value.contiguous() for key, value in module.state_dict().items()}
        for name, optimizer in self._optimizers().items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"{name}/{index}/{key}": value.contiguous() for key, value in state.items()}
        meta = {
            "step": str(self.step),
            "minutes": str(self.trained_minutes),
            "cities": json.dumps([c.city for c in self.cities]),
            "options": json.dumps(asdict(self.options)),
        }
        partial = self._checkpoint.with_suffix(".partial")
        save_file(tensors, partial, metadata=meta)
        partial.replace(self._checkpoint)
        sheet = contact_sheet(self.averaged, self.cities, self.options.crop)
        cv2.imwrite(str(self.folder / "contact.png"), sheet[..., ::-1])

    def _resume(self) -> None:
        if not self._checkpoint.exists():
            return
        try:
            tensors = load_file(self._checkpoint)
            meta = read_metadata(self._checkpoint)
            begun = json.loads(meta["cities"]), json.loads(meta["options"])["width"]
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise InputFault(
                f"{self._checkpoint} is no checkpoint of a training ({type(error).__name__}); give another "
                "--out or remove it"
            ) from None
        if begun != ([c.city for c in self.cities], self.options.width):
            raise InputFault(f"{self._checkpoint} is of another training; give another --out or remove it")
        for name, module in self._modules().items():
            module.load_state_dict(_below(tensors, name))
        for name, optimizer in self._optimizers().items():
            states: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(tensors, name).items():
                index, _, field = key.partition("/")
                states.setdefault(int(index), {})[field] = value
            saved: dict[str, Any] = optimizer.state_dict()
            optimizer.load_state_dict({"state": states, "param_groups": saved["param_groups"]})
        self.step = int(meta["step"])
        self.trained_minutes = float(meta["minutes"])

    def _modules(self) -> dict[str, torch.nn.Module]:
        return {"generator": self.generator, "averaged": self.averaged, "discriminator": self.discriminator}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"optimize_g": self._optimize_g, "optimize_d": self._optimize_d}


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file: a JSON header behind eight bytes of its length."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    metadata: dict[str, str] = header["__metadata__"]
    return metadata


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")
    }


@torch.no_grad()
def contact_sheet(generator: Generator, cities: list[CityPairs], side: int) -> NDArray[np.uint8]:
    """Held-out maps down the page: map | each city | photograph; uint8 (rows × side, …, 3) RGB."""
    rows = []
    noise = torch.from_numpy(noise_field(side))
    for city in cities:
        for pair in city.held_out[:2]:
            labels, photo = pair.labels[:side, :side], pair.photo[:side, :side]
            maps = onehot(torch.from_numpy(labels)[None]).expand(len(cities), -1, -1, -1)
            pictures = generator(
                maps,
                noise.expand(len(cities), -1, -1, -1),
                mix_of(torch.arange(len(cities)), len(cities), side),
            )
            shown = (pictures.clamp(-1, 1) * 127.5 + 127.5).byte().permute(0, 2, 3, 1).numpy()
            rows.append(np.hstack([paint(labels), *shown, photo]))
    return np.vstack(rows)
