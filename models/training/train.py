"""Train a city set: one generator for all of its cities.

    cities train --data ../data --out ~/my-training --minutes 90

Each step cuts a batch from the pairs and coarsens its maps to what a marker can draw. Half of it is given
the details of the photographs themselves, and is held to those by a perceptual distance and the tone of
places; the other half is given the patterns that stand for them on stage, and is held to these where they
show. A patch discriminator judges both. What is kept is the moving average of the weights. The folder holds
the checkpoint (safetensors, resumed from when it is there), a contact sheet of held-out maps and, at the
end, the city set itself.
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
from models.generator import Generator, GeneratorShape, mixed_details, pattern_share
from models.inputs import CELL, noise_field, pattern_fields
from models.palette import CLASS_NAMES, paint
from models.training.losses import (
    ClassReader,
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
    minutes: float = 90.0  # of one core
    checkpoint_minutes: float = 5.0
    learning_rate: float = 2e-4
    average: float = 0.998  # of the weights, per step
    perceptual: float = 0.6
    tone: float = 20.0
    pixel: float = 6.0
    pattern: float = 12.0
    adversarial: float = 1.0
    matching: float = 4.0
    classes: float = 1.5
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


def pattern_distance(picture: Tensor, quilts: Tensor, maps: Tensor) -> Tensor:
    """L1 between a picture at half its side and the patterns that it was given, where they show.

    picture (B, 3, H, W), quilts (B, 3, H/2, W/2), both in -1..1; maps, one-hot (B, 5, H, W).
    """
    share = pattern_share(functional.avg_pool2d(maps, 4)).sum(dim=1, keepdim=True)
    share = functional.interpolate(share, scale_factor=2.0, mode="nearest")
    off = (functional.avg_pool2d(picture, 2) - quilts).abs() * share
    return off.sum() / (3.0 * share.sum() + 1.0)


class Training:
    """A training under way: networks, optimizers and their state on disk."""

    def __init__(
        self,
        cities: list[CityPairs],
        patterns: NDArray[np.uint8],
        folder: Path,
        options: TrainingOptions,
    ) -> None:
        """patterns: of the cities, as `models.inputs.pattern_fields` takes them."""
        torch.manual_seed(options.seed)
        if options.threads:
            torch.set_num_threads(options.threads)
        self.options = options
        self.cities = cities
        self.patterns = patterns
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
        self.reader = ClassReader(len(CLASS_NAMES))
        self.perceptual = PerceptualDistance()
        self._optimize_g = torch.optim.Adam(
            self.generator.parameters(), lr=options.learning_rate, betas=(0.5, 0.99)
        )
        self._optimize_d = torch.optim.Adam(
            [*self.discriminator.parameters(), *self.reader.parameters()],
            lr=options.learning_rate,
            betas=(0.5, 0.99),
        )
        self._resume()
        self.sampler = Sampler(cities, patterns, options.crop, seed=options.seed + self.step)

    # One step ------------------------------------------------------------------------------------------

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Teach by one batch; returns the losses by name."""
        o = self.options
        photos = torch.from_numpy(batch.photos).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        labels, drawn = torch.from_numpy(batch.labels), torch.from_numpy(batch.drawn)
        maps, drawn_maps = onehot(labels), onehot(drawn)
        cities = torch.from_numpy(batch.cities)
        noise = torch.from_numpy(batch.noise)
        details = torch.from_numpy(batch.details)
        picture = self.generator(
            drawn_maps, noise, mix_of(cities, len(self.cities), photos.shape[-1]), details
        )
        own = len(photos) // 2  # crops that were given the details of their own photographs
        adversarial = self.step >= o.adversarial_from
        losses: dict[str, float] = {}
        if adversarial:
            self._optimize_d.zero_grad(set_to_none=True)
            both = self.discriminator(
                torch.cat([photos, picture.detach()]),
                torch.cat([maps, drawn_maps]),
                torch.cat([cities, cities]),
            )
            d_loss = discriminator_loss(*both.split(len(photos)))
            read = self.reader(photos, labels)
            (d_loss + read).backward()
            self._optimize_d.step()
            losses |= {"discriminator": d_loss.item(), "read": read.item()}
        self._optimize_g.zero_grad(set_to_none=True)
        perceptual = self.perceptual(picture[:own], photos[:own])
        tone = tone_distance(picture[:own], photos[:own])
        quilts = torch.from_numpy(batch.quilts).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        pattern = pattern_distance(picture[own:], quilts[own:], drawn_maps[own:])
        # Told the details, it can be held to the pixels: that leaves no room for a grain.
        pixel = functional.l1_loss(picture[:own], photos[:own])
        total = o.perceptual * perceptual + o.tone * tone + o.pattern * pattern + o.pixel * pixel
        losses |= {"perceptual": perceptual.item(), "tone": tone.item()}
        losses |= {"pattern": pattern.item(), "pixel": pixel.item()}
        if adversarial:
            self.discriminator.requires_grad_(False)
            with torch.no_grad():
                real = self.discriminator(photos, maps, cities)
            fake = self.discriminator(picture, drawn_maps, cities)
            self.discriminator.requires_grad_(True)
            g_loss = generator_loss(fake)
            # What lies where is the photograph's only in the crops that were told its details.
            matching = matching_loss(real.split(own)[0], fake.split(own)[0])
            self.reader.requires_grad_(False)
            classes = self.reader(picture, drawn)
            self.reader.requires_grad_(True)
            total = total + o.adversarial * g_loss + o.matching * matching + o.classes * classes
            losses |= {"adversarial": g_loss.item(), "matching": matching.item(), "classes": classes.item()}
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
        """Train until the minutes are used up, calling `report(step, minutes, losses)` after each step.

        Minutes are those of one core that this process was given (`time.process_time`), so that a busy
        neighbour costs none of them.
        """
        started = saved = time.process_time()
        before = self.trained_minutes
        while self.trained_minutes < before + self.options.minutes:
            self._slow_down((self.trained_minutes - before) / self.options.minutes)
            losses = self.train_step(self.sampler.batch(self.options.batch))
            now = time.process_time()
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
            "held_out": json.dumps(self._held_out()),
            "options": json.dumps(asdict(self.options)),
        }
        partial = self._checkpoint.with_suffix(".partial")
        save_file(tensors, partial, metadata=meta)
        partial.replace(self._checkpoint)
        sheet = contact_sheet(self.averaged, self.cities, self.patterns, self.options.crop)
        cv2.imwrite(str(self.folder / "contact.png"), sheet[..., ::-1])

    def _resume(self) -> None:
        if not self._checkpoint.exists():
            return
        try:
            tensors = load_file(self._checkpoint)
            meta = read_metadata(self._checkpoint)
            begun = json.loads(meta["cities"]), json.loads(meta["options"])["width"]
            held_out = json.loads(meta.get("held_out", "null"))
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise InputFault(
                f"{self._checkpoint} is no checkpoint of a training ({type(error).__name__}); give another "
                "--out or remove it"
            ) from None
        if begun != ([c.city for c in self.cities], self.options.width):
            raise InputFault(f"{self._checkpoint} is of another training; give another --out or remove it")
        if held_out not in (None, self._held_out()):
            raise InputFault(
                f"{self._checkpoint} was trained with other pairs held out; give another --out or remove it"
            )
        try:
            for name, module in self._modules().items():
                module.load_state_dict(_below(tensors, name))
        except RuntimeError:
            raise InputFault(
                f"{self._checkpoint} is of another version of this program; give another --out or remove it"
            ) from None
        for name, optimizer in self._optimizers().items():
            states: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(tensors, name).items():
                index, _, field = key.partition("/")
                states.setdefault(int(index), {})[field] = value
            saved: dict[str, Any] = optimizer.state_dict()
            optimizer.load_state_dict({"state": states, "param_groups": saved["param_groups"]})
        self.step = int(meta["step"])
        self.trained_minutes = float(meta["minutes"])

    def _held_out(self) -> dict[str, list[str]]:
        return {c.city: [pair.name for pair in c.held_out] for c in self.cities}

    def _modules(self) -> dict[str, torch.nn.Module]:
        return {
            "generator": self.generator,
            "averaged": self.averaged,
            "discriminator": self.discriminator,
            "reader": self.reader,
        }

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
def contact_sheet(
    generator: Generator, cities: list[CityPairs], patterns: NDArray[np.uint8], side: int
) -> NDArray[np.uint8]:
    """Held-out maps down the page: map | each city | photograph; uint8 (rows × side, …, 3) RGB."""
    rows = []
    noise = torch.from_numpy(noise_field(side))
    fields = torch.from_numpy(pattern_fields(patterns, side))
    mixes = mix_of(torch.arange(len(cities)), len(cities), side)
    details = torch.cat([mixed_details(fields, mix[None]) for mix in mixes])
    for city in cities:
        for pair in city.held_out[:2]:
            labels, photo = pair.labels[:side, :side], pair.photo[:side, :side]
            maps = onehot(torch.from_numpy(labels)[None]).expand(len(cities), -1, -1, -1)
            pictures = generator(
                maps,
                noise.expand(len(cities), -1, -1, -1),
                mixes,
                details,
            )
            shown = (pictures.clamp(-1, 1) * 127.5 + 127.5).byte().permute(0, 2, 3, 1).numpy()
            rows.append(np.hstack([paint(labels), *shown, photo]))
    return np.vstack(rows)
