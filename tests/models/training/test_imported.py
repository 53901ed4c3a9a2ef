"""Weights saved by the pix2pix repository's own layout of modules, brought in as a city set."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live.cli import main as cities
from models.cityset import city_names, load_city_set, load_city_sets
from models.engines import open_engine
from models.engines.joined import open_joined
from models.engines.plan import build_plan
from models.faults import InputFault
from models.inputs import MIX_GRID
from models.palette import PALETTE_RGB
from tests.support import require_module

torch = require_module("torch", extra="train")

from torch import nn  # noqa: E402

from models.training.import_command import main  # noqa: E402
from models.training.imported import read_generator  # noqa: E402

Norm = Callable[[int], nn.Module]
NORMS: dict[str, Norm] = {
    "batch": nn.BatchNorm2d,
    "instance": functools.partial(nn.InstanceNorm2d, affine=False, track_running_stats=False),
    "old instance": functools.partial(nn.InstanceNorm2d, affine=False, track_running_stats=True),
    "none": lambda _: nn.Identity(),
}


class SkipBlock(nn.Module):
    """A level of the U-Net with all levels below it inside, as the repository nests them."""

    def __init__(
        self,
        outer: int,
        inner: int,
        norm: Norm,
        biased: bool,
        below: nn.Module | None = None,
        taken: int = 0,
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.outermost = taken > 0
        down: list[nn.Module] = [nn.Conv2d(taken or outer, inner, 4, 2, 1, bias=biased)]
        up: list[nn.Module] = [nn.ReLU(True)]
        up.append(
            nn.ConvTranspose2d(inner * (2 if below else 1), outer, 4, 2, 1, bias=biased or self.outermost)
        )
        if self.outermost:
            up.append(nn.Tanh())
        else:
            down = [nn.LeakyReLU(0.2, True), *down, *([norm(inner)] if below else [])]
            up.append(norm(outer))
        dropped = [nn.Dropout(drop)] if drop else []
        self.model = nn.Sequential(*down, *([below] if below else []), *up, *dropped)

    def forward(self, x: Any) -> Any:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class TheirUnet(nn.Module):
    def __init__(self, norm: str, downs: int = 8, ngf: int = 8, taken: int = 3, made: int = 3) -> None:
        super().__init__()
        block = functools.partial(SkipBlock, norm=NORMS[norm], biased="instance" in norm)
        net = block(ngf * 8, ngf * 8)
        for _ in range(downs - 5):
            net = block(ngf * 8, ngf * 8, below=net, drop=0.5)
        for factor in (4, 2, 1):
            net = block(ngf * factor, ngf * factor * 2, below=net)
        self.model = block(made, ngf, below=net, taken=taken)

    def forward(self, x: Any) -> Any:
        return self.model(x)


class TheirBlock(nn.Module):
    def __init__(self, dim: int, norm: Norm, biased: bool, dropout: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(1), nn.Conv2d(dim, dim, 3, bias=biased), norm(dim)]
        layers += [nn.ReLU(True), *([nn.Dropout(0.5)] if dropout else [])]
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(dim, dim, 3, bias=biased), norm(dim)]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        return x + self.conv_block(x)


class TheirResnet(nn.Module):
    def __init__(self, norm: str, blocks: int = 9, ngf: int = 8, dropout: bool = False) -> None:
        super().__init__()
        make, biased = NORMS[norm], "instance" in norm
        model: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, ngf, 7, bias=biased),
            make(ngf),
            nn.ReLU(),
        ]
        for c in (ngf, ngf * 2):
            model += [nn.Conv2d(c, c * 2, 3, 2, 1, bias=biased), make(c * 2), nn.ReLU()]
        model += [TheirBlock(ngf * 4, make, biased, dropout) for _ in range(blocks)]
        for c in (ngf * 4, ngf * 2):
            model += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1, bias=biased), make(c // 2), nn.ReLU()]
        self.model = nn.Sequential(*model, nn.ReflectionPad2d(3), nn.Conv2d(ngf, 3, 7), nn.Tanh())

    def forward(self, x: Any) -> Any:
        return self.model(x)


def lively(net: nn.Module) -> nn.Module:
    """With weights and statistics such as a training leaves, so that no layer's place could be mistaken."""
    torch.manual_seed(5)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_normal_(module.weight, gain=1.2)
            if isinstance(module, nn.BatchNorm2d):
                module.weight.normal_(1.0, 0.2)
                module.bias.normal_(0.0, 0.2)
            for name, buffer in module.named_buffers(recurse=False):
                if name == "running_mean":
                    buffer.normal_(0.0, 0.3)
                if name == "running_var":
                    buffer.uniform_(0.5, 1.5)
    return net.eval()


def saved(net: nn.Module, path: Path) -> Path:
    torch.save(net.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def labels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    cells = np.random.default_rng(2).integers(0, 5, (16, 16), dtype=np.uint8)
    return cells.repeat(16, axis=0).repeat(16, axis=1)


def painted(net: Any, labels: Any, colours: Any = PALETTE_RGB) -> Any:
    """What the repository makes of a map: pixels to -1..1, through the network, and back."""
    rgb = torch.from_numpy(np.asarray(colours)[labels].astype(np.float32) / 127.5 - 1.0)
    with torch.no_grad():
        made = net(rgb.permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    return (made + 1.0) / 2.0 * 255.0


ALONE = np.ones((1, MIX_GRID, MIX_GRID), np.float32)


@pytest.mark.parametrize(
    ("kind", "norm", "told"),
    [
        (TheirUnet, "batch", "unet_256, 8 channels, norm batch"),
        (TheirUnet, "instance", "unet_256, 8 channels, norm instance"),
        (TheirResnet, "instance", "resnet_9blocks, 8 channels, norm instance"),
    ],
)
def test_an_imported_city_paints_as_it_did_at_home(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    labels: Any,
    kind: type[Any],
    norm: str,
    told: str,
) -> None:
    net = lively(kind(norm))
    path = saved(net, tmp_path / "latest_net_G.pth")
    folder = tmp_path / "venice"
    words = [str(path), "--name", "venice", "-o", str(folder), "--licence", "CC0", "--attribution", "me"]
    assert cities(["import", *words, "--water", "#0a80ff"]) == 0
    assert told in capsys.readouterr().out
    venice = load_city_set(folder)
    assert venice.names == ("venice",)
    assert (venice.card.side, venice.card.width, venice.card.noise_channels) == (256, 8, 0)
    assert venice.card.cities[0].title == "Venice"
    assert venice.card.training["colours"]["water"] == "#0a80ff"
    engine = open_engine(venice, 256, "onnxruntime", threads=1).engine
    picture = engine.render(labels, ALONE)
    wanted = painted(net, labels, [*PALETTE_RGB[:4], (10, 128, 255)])
    assert picture.std() > 20.0, "a picture in which a mistake would show"
    assert np.abs(picture - wanted).max() <= 1.0

    assert cities(["list", "--set", str(folder)]) == 0
    assert "venice" in capsys.readouterr().out
    sets = load_city_sets(["small", str(folder)])
    joined = open_joined(sets, 128, "onnxruntime", threads=1).engine
    mix = np.zeros((len(city_names(sets)), MIX_GRID, MIX_GRID), np.float32)
    pictures = []
    for share in (0.0, 0.5, 1.0):
        mix[0], mix[-1] = 1.0 - share, share
        pictures.append(joined.render(labels[:128, :128], mix).astype(float))
    assert np.abs(pictures[1] - (pictures[0] + pictures[2]) / 2).max() <= 1.0
    assert np.abs(pictures[0] - pictures[2]).mean() > 10.0


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_a_residual_network_is_read_however_it_was_trained(
    tmp_path: Path, labels: Any, norm: str, dropout: bool
) -> None:
    net = lively(TheirResnet(norm, dropout=dropout))
    imported = read_generator(saved(net, tmp_path / "g.pth"))
    assert imported.norm == norm.removeprefix("old ")
    assert imported.architecture == "resnet_9blocks"
    if norm == "old instance":  # in that repository, too, its statistics aren't used any more
        for module in net.modules():
            if isinstance(module, nn.InstanceNorm2d):
                module.track_running_stats = False
                module.running_mean = module.running_var = None
    ours = painted(imported.generator, labels[:64, :64])
    np.testing.assert_allclose(ours, painted(net, labels[:64, :64]), atol=0.05)


def test_batch_normalisation_may_look_at_each_picture(tmp_path: Path, labels: Any) -> None:
    """As the repository's test does without --eval: in its training mode, on one picture."""
    net = lively(TheirUnet("batch"))
    imported = read_generator(saved(net, tmp_path / "g.pth"), "instance")
    assert imported.norm == "instance"
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    np.testing.assert_allclose(painted(imported.generator, labels), painted(net, labels), atol=0.05)


def test_weights_of_a_training_on_several_gpus_in_half_precision_and_old_files_are_read(
    tmp_path: Path, labels: Any
) -> None:
    net = lively(TheirUnet("old instance"))
    state = {f"module.{name}": value.half() for name, value in net.state_dict().items()}
    torch.save(state, tmp_path / "g.pth", _use_new_zipfile_serialization=False)
    imported = read_generator(tmp_path / "g.pth")
    assert imported.norm == "instance"
    for name, value in net.state_dict().items():
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            value.copy_(value.half())
    for module in net.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.track_running_stats = False
            module.running_mean = module.running_var = None
    np.testing.assert_allclose(painted(imported.generator, labels), painted(net, labels), atol=0.05)


def test_another_side_is_rendered_where_the_network_can(tmp_path: Path) -> None:
    path = saved(lively(TheirResnet("instance", ngf=2)), tmp_path / "g.pth")
    words = [str(path), "--name", "venice", "-o", str(tmp_path / "venice")]
    assert main([*words, "--side", "96"]) == 0
    venice = load_city_set(tmp_path / "venice")
    picture = open_engine(venice, 96, "openvino", threads=1).engine.render(
        np.eye(96, dtype=np.uint8), ALONE
    )
    assert picture.shape == (96, 96, 3)
    with pytest.raises(InputFault, match="holds a city set already"):
        main(words)


@pytest.mark.parametrize(("kind", "norm"), [(TheirUnet, "batch"), (TheirResnet, "instance")])
def test_tensorrt_builds_an_imported_network(tmp_path: Path, kind: type[Any], norm: str) -> None:
    trt = require_module("tensorrt_rtx", extra="rtx")
    path = saved(lively(kind(norm, ngf=4)), tmp_path / "g.pth")
    assert main([str(path), "--name", "venice", "-o", str(tmp_path / "venice")]) == 0
    network = load_city_set(tmp_path / "venice").network
    assert build_plan(trt, network.read_bytes(), {"labels": (1, 256, 256)}, (8, 9)).plan


class Ran(Exception):
    """Raised by a pickle that was let run."""


class Bomb:
    def __reduce__(self) -> Any:
        return (_explode, ())


def _explode() -> None:
    raise Ran


def spoilt_state(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    state = dict(TheirUnet("batch", ngf=2).state_dict())
    change(state)
    return state


DEEP = "model.model.1.model.3.model"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: TheirUnet("batch", ngf=2), r"holds more than weights \(.*TheirUnet\)"),
        (lambda: Bomb(), r"holds more than weights \(.*_explode\)"),
        (lambda: {"model.0.weight": Bomb()}, "holds more than weights"),
        (lambda: [1, 2], "holds no named weights"),
        (lambda: {}, "holds no named weights"),
        (lambda: {"epoch": 3}, "'epoch', which is no tensor"),
        (lambda: {"netG": {"a": torch.zeros(1)}}, "'netG', which is no tensor"),
        (lambda: TheirUnet("batch", downs=7, ngf=2).state_dict(), "is unet_128, and only unet_256 and"),
        (lambda: TheirResnet("batch", blocks=6, ngf=2).state_dict(), "is resnet_6blocks, and only"),
        (lambda: {"model.0.weight": torch.zeros(8, 6, 4, 4)}, "is a discriminator"),
        (lambda: {"encoder.conv.weight": torch.zeros(8, 6, 4, 4)}, "is no generator of the pix2pix"),
        (lambda: TheirUnet("batch", ngf=2, taken=1).state_dict(), "takes 1 and makes 3 channels"),
        (lambda: TheirUnet("batch", ngf=2, taken=6, made=1).state_dict(), "takes 6 and makes 1 channels"),
        (lambda: spoilt_state(lambda s: s.pop(f"{DEEP}.5.weight")), f"lacks {DEEP}.5.weight"),
        (lambda: spoilt_state(lambda s: s.pop("model.model.3.weight")), "lacks the first or the last"),
        (lambda: spoilt_state(lambda s: s.update({f"{DEEP}.9.weight": torch.zeros(1)})), "has a layer"),
        (
            lambda: spoilt_state(lambda s: s.update({f"{DEEP}.1.weight": torch.zeros(8, 9, 4, 4)})),
            f"holds {DEEP}.1.weight of 8×9×4×4, where 8×4×4×4 would fit",
        ),
        (
            lambda: spoilt_state(lambda s: s.update({f"{DEEP}.1.bias": torch.zeros(8)})),
            "which such a network",
        ),
        (lambda: spoilt_state(lambda s: s[f"{DEEP}.2.running_var"].fill_(float("nan"))), "are no numbers"),
        (
            lambda: spoilt_state(
                lambda s: s.update({"model.model.0.weight": torch.zeros(1).expand(10**6, 3, 4, 4)})
            ),
            "is not stored whole",
        ),
    ],
)
def test_what_is_no_such_generator_is_refused_in_one_sentence(
    tmp_path: Path, content: Callable[[], Any], sentence: str
) -> None:
    path = tmp_path / "g.pth"
    torch.save(content(), path)
    with pytest.raises(InputFault, match=sentence) as caught:
        main([str(path), "--name", "venice", "-o", str(tmp_path / "venice")])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "venice").exists(), "nothing is made before the weights are known to be good"


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
@pytest.mark.parametrize("new", [False, True])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, keep: int, new: bool) -> None:
    path = tmp_path / "g.pth"
    torch.save(TheirUnet("batch", ngf=2).state_dict(), path, _use_new_zipfile_serialization=new)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputFault, match=r"g\.pth (is cut off|holds no weights)") as caught:
        read_generator(path)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "g.pth").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputFault, match=r"g\.pth "):
        read_generator(tmp_path / "g.pth")
    (tmp_path / "g.pth").write_bytes(pickle.dumps({"a": [1, 2]}, protocol=4))
    with pytest.raises(InputFault, match=r"g\.pth holds no weights of PyTorch"):
        read_generator(tmp_path / "g.pth")
    with pytest.raises(InputFault, match=r"model\.onnx holds no weights of PyTorch"):
        read_generator(load_city_set("small").network)
    torch.jit.save(torch.jit.trace(nn.Conv2d(3, 3, 3), torch.zeros(1, 3, 8, 8)), tmp_path / "script.pth")
    with pytest.raises(InputFault, match=r"a whole program \(TorchScript\)"):
        read_generator(tmp_path / "script.pth")
    with pytest.raises(InputFault, match="can't be read: No such file"):
        read_generator(tmp_path / "nowhere.pth")
    with pytest.raises(InputFault, match="can't be read: Is a directory"):
        read_generator(tmp_path)


@pytest.mark.parametrize(
    ("kind", "norm", "wanted", "sentence"),
    [
        (TheirUnet, "instance", "batch", "trained with --norm instance, and has no statistics"),
        (TheirResnet, "none", "batch", "trained with --norm none"),
        (TheirResnet, "none", "instance", "has nothing to normalise"),
    ],
)
def test_a_normalisation_that_the_weights_lack_is_refused(
    tmp_path: Path, kind: type[Any], norm: str, wanted: Any, sentence: str
) -> None:
    with pytest.raises(InputFault, match=sentence):
        read_generator(saved(kind(norm, ngf=2), tmp_path / "g.pth"), wanted)


@pytest.mark.parametrize(
    "words",
    [
        "--name Venice",
        "--name v --side 100",
        "--name v --side 128",
        "--name v --road black",
        "--name v --metres nan",
    ],
)
def test_options_that_cannot_be_meant(tmp_path: Path, words: str) -> None:
    path = saved(TheirUnet("instance", ngf=2), tmp_path / "g.pth")
    with pytest.raises(SystemExit) as caught:
        main([str(path), "-o", str(tmp_path / "v"), *words.split()])
    assert caught.value.code == 2
    assert not (tmp_path / "v").exists()
