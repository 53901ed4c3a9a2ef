"""The segmenter that `cities evaluate` reads pictures back with: a small U-Net, taught by photographs only.

    cities train --segmenter --data ../data --out models/evaluation/segmenter.onnx --minutes 12

It never sees a generated picture, nor a pair that is held out, so that it can judge both.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional

from models.evaluation.segmenter import CELL
from models.palette import CLASS_NAMES
from models.training.export import save_onnx
from models.training.pairs import CityPairs, lift_water, water_tone
from models.training.sources import SetSources

SIDE: Final = 256
BATCH: Final = 6


class Segmenter(nn.Module):
    """A U-Net (Ronneberger et al. 2015) that works at half the side; a third of a million parameters."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        w = width
        self.at_half = nn.Sequential(_layer(3, w, stride=2), _layer(w, w))
        self.at_quarter = nn.Sequential(_layer(w, 5 * w // 3, stride=2), _layer(5 * w // 3, 5 * w // 3))
        self.at_eighth = nn.Sequential(
            _layer(5 * w // 3, 8 * w // 3, stride=2), _layer(8 * w // 3, 8 * w // 3)
        )
        self.at_sixteenth = nn.Sequential(
            _layer(8 * w // 3, 8 * w // 3, stride=2), _layer(8 * w // 3, 8 * w // 3, dilation=2)
        )
        self.to_eighth = _layer(16 * w // 3, 8 * w // 3)
        self.to_quarter = _layer(13 * w // 3, 5 * w // 3)
        self.to_half = _layer(8 * w // 3, w)
        self.verdict = nn.Conv2d(w, len(CLASS_NAMES), 1)

    def forward(self, rgb: Tensor) -> Tensor:
        """Logits (B, 5, H, W) of rgb (B, 3, H, W) in -1..1; H and W multiples of 16."""
        half = self.at_half(rgb)
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        x = self.to_eighth(torch.cat([_doubled(self.at_sixteenth(eighth)), eighth], dim=1))
        x = self.to_quarter(torch.cat([_doubled(x), quarter], dim=1))
        x = self.to_half(torch.cat([_doubled(x), half], dim=1))
        return functional.interpolate(
            self.verdict(x), scale_factor=2.0, mode="bilinear", align_corners=False
        )


def _layer(before: int, after: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(before, after, 3, stride, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class SegmenterTraining:
    """The segmenter under way. Minutes are those of one core that this process was given."""

    def __init__(self, cities: Sequence[CityPairs], seed: int = 1) -> None:
        torch.manual_seed(seed)
        self.cities = cities
        self.step = 0
        self.minutes = 0.0
        self.net = Segmenter().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._averaged: Segmenter = copy.deepcopy(self.net).requires_grad_(False)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=3e-3, weight_decay=1e-3)
        self._rng = np.random.default_rng(seed)
        counts = np.zeros(len(CLASS_NAMES))
        for city in cities:
            counts += np.bincount(
                np.concatenate([p.labels.ravel() for p in city.train]), minlength=len(CLASS_NAMES)
            )[: len(CLASS_NAMES)]
        # Mild: a rare class weighs more, but not as much more as it is rarer.
        weights = (counts.sum() / np.maximum(counts, 1.0)) ** 0.4
        self._weights = torch.from_numpy((weights / weights.mean()).astype(np.float32))
        self._tones = [water_tone(city.train) for city in cities]

    def train_step(self) -> dict[str, float]:
        """Teach by one batch; returns the losses by name."""
        crops = [self._crop(int(self._rng.integers(len(self.cities)))) for _ in range(BATCH)]
        rgb = torch.from_numpy(np.stack([photo for _, photo in crops])).permute(0, 3, 1, 2)
        labels = torch.from_numpy(np.stack([labels for labels, _ in crops])).long()
        self._optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(self.net.train()(rgb), labels, weight=self._weights)
        torch.autograd.backward(loss)
        self._optimizer.step()
        self.step += 1
        with torch.no_grad():
            share = max(0.01, 1.0 / self.step)
            for mean, now in zip(
                self._averaged.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                if mean.dtype.is_floating_point:
                    mean.lerp_(now, share)
        return {"cross entropy": loss.item()}

    def run(self, minutes: float, report: Callable[[int, float, dict[str, float]], None]) -> None:
        """Train for so many minutes of one core, calling `report(step, minutes, losses)` after a step."""
        begun = time.process_time()
        while self.minutes < minutes:
            for group in self._optimizer.param_groups:
                group["lr"] = 3e-3 * 0.5 * (1.0 + np.cos(np.pi * min(1.0, self.minutes / minutes))) + 1e-5
            losses = self.train_step()
            self.minutes = (time.process_time() - begun) / 60
            report(self.step, self.minutes, losses)

    def save(self, path: Path, sources: SetSources) -> None:
        """Write it as ONNX with what is said of it, replacing what was there whole or not at all."""
        facts = {
            "classes": list(CLASS_NAMES),
            "metres_per_pixel": sources.metres_per_pixel,
            "minutes": round(self.minutes, 1),
            "steps": self.step,
            "parameters": sum(p.numel() for p in self.net.parameters()),
            "data": {s.folder: f"{s.data} ({s.licence}; {s.attribution})" for s in sources.cities},
            "held_out": {c.city: [pair.name for pair in c.held_out] for c in self.cities},
        }
        _export(self._averaged, path, facts)

    def _crop(self, city: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Labels uint8 (S, S) and the jittered photograph float32 (S, S, 3) in about -1..1."""
        rng = self._rng
        pairs = self.cities[city].train
        pair = pairs[int(rng.integers(len(pairs)))]
        height, width = pair.labels.shape
        y, x = int(rng.integers(height - SIDE + 1)), int(rng.integers(width - SIDE + 1))
        labels, photo = pair.labels[y : y + SIDE, x : x + SIDE], pair.photo[y : y + SIDE, x : x + SIDE]
        if rng.random() < 0.5:  # water as satellites see it, and as the generator is taught to paint it
            photo = lift_water(labels, photo, self._tones[city] * rng.uniform(0.7, 1.2))
        if rng.random() < 0.5:
            labels, photo = labels[:, ::-1], photo[:, ::-1]
        if rng.random() < 0.25:  # every generator is a little softer than a photograph
            photo = np.asarray(
                cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.4, 1.0))), dtype=np.uint8
            )
        rgb = photo.astype(np.float32) / 127.5 - 1.0
        mean = rgb.mean()
        rgb = (rgb - mean) * rng.uniform(0.75, 1.3) + mean + rng.uniform(-0.2, 0.2, 3) * 0.3
        rgb = rgb + rng.uniform(-0.2, 0.2)
        rgb = rgb + rng.normal(0.0, rng.uniform(0.0, 0.06), rgb.shape)
        return np.ascontiguousarray(labels), rgb.clip(-1.0, 1.0).astype(np.float32)


class _Exportable(nn.Module):
    """From a picture as bytes to the classes as bytes."""

    def __init__(self, net: Segmenter) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> Tensor:
        rgb = picture.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        classes: Tensor = self.net(rgb).argmax(dim=1)
        return classes.to(torch.uint8)


def _export(net: Segmenter, path: Path, facts: dict[str, object]) -> None:
    cells = Dim("cells", min=2, max=128)
    save_onnx(
        _Exportable(copy.deepcopy(net)),
        {"picture": torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)},
        path,
        {"picture": {1: CELL * cells, 2: CELL * cells}},
        output="classes",
        properties={"facts": json.dumps(facts, ensure_ascii=False)},
    )
