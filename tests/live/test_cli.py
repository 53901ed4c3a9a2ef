"""The commands as a person types them: results, sentences and exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.file import read_calibration
from live.camera.simulated import Conditions, SimulatedSheet
from live.cli import main
from live.pictures import read_map, read_picture, write_picture
from models.cityset import CARD, SHIPPED
from models.palette import BUILDING, GREEN, ROAD, WATER, paint
from tests.live.calibrate.sheets import camera_picture
from tests.live.conftest import Screen, soon
from tests.live.control.client import OscClient


@pytest.fixture(scope="module")
def drawn() -> SimulatedSheet:
    return SimulatedSheet("town", 3, conditions=Conditions(hand=False))


@pytest.fixture
def photo(drawn: SimulatedSheet, tmp_path: Path) -> Path:
    """A photograph of a finished drawing."""
    path = tmp_path / "photo.png"
    write_picture(path, drawn.render(drawn.finished_after + 1.0)[:, :, ::-1])
    return path


@pytest.fixture
def a_map(tmp_path: Path) -> Path:
    labels = np.zeros((96, 96), np.uint8)
    labels[:40], labels[56:, :40], labels[56:, 60:], labels[40:48] = BUILDING, GREEN, WATER, ROAD
    path = tmp_path / "map.png"
    write_picture(path, paint(labels))
    return path


def right(labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """The share of pixels that are read right, away from the borders of the classes."""
    inside = cv2.erode(truth, np.ones((5, 5), np.uint8)) == cv2.dilate(truth, np.ones((5, 5), np.uint8))
    return float((labels == truth)[inside].mean())


def test_sheet_writes_the_pdf_for_a_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sheet.pdf"
    assert main(["sheet", "-o", str(out), "--format", "A3"]) == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert capsys.readouterr().out == f"{out}: print it at 100 %, landscape, on white A3 paper\n"
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.pdf"]


def test_sketch_reads_a_photograph_of_a_drawing(drawn: SimulatedSheet, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.png"
    assert main(["sketch", str(photo), "-o", str(out), "--side", "256"]) == 0
    labels = read_map(out)
    assert labels.shape == (256, 256)
    assert set(map(tuple, read_picture(out).reshape(-1, 3).tolist())) <= {
        (255, 255, 255), (0, 0, 0), (0, 255, 0), (255, 0, 0), (0, 0, 255),
    }  # fmt: skip
    assert right(labels, drawn.truth(drawn.finished_after + 1.0, 256).labels) > 0.98


def test_sketch_takes_the_sheet_from_corners_or_as_the_whole(
    drawn: SimulatedSheet, photo: Path, tmp_path: Path
) -> None:
    corners = ",".join(f"{v:.2f}" for v in drawn.corners.ravel())
    out = tmp_path / "labels.png"
    assert main(["sketch", str(photo), "-o", str(out), "--sheet", corners]) == 0
    truth = drawn.truth(drawn.finished_after + 1.0, 512).labels
    assert read_map(out).shape == (512, 512)
    assert right(read_map(out), truth) > 0.97

    square = np.array([(0, 0), (600, 0), (600, 600), (0, 600)], np.float32)
    cropped = cv2.warpPerspective(
        read_picture(photo), cv2.getPerspectiveTransform(drawn.corners, square), (600, 600)
    )
    write_picture(tmp_path / "cropped.jpg", cropped.astype(np.uint8))
    assert main(["sketch", str(tmp_path / "cropped.jpg"), "-o", str(out), "--sheet", "whole"]) == 0
    assert right(read_map(out), truth) > 0.97


def test_render_makes_each_city_of_a_map(a_map: Path, tmp_path: Path) -> None:
    pictures = []
    for city in ("dubai", "Long Beach"):
        out = tmp_path / "out.png"
        assert main(["render", str(a_map), "--city", city, "--labels", "-o", str(out)]) == 0
        pictures.append(read_picture(out).astype(int))
    assert pictures[0].shape == (96, 96, 3)
    assert np.abs(pictures[0] - pictures[1]).mean() > 4
    assert main(["render", str(a_map), "--city", "dubai", "--labels", "-o", str(out), "--side", "160"]) == 0
    assert read_picture(out).shape == (160, 160, 3)


def test_render_makes_a_place_between_cities(a_map: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    colours = []
    for mix in ("dubai=1,las-vegas=0", "Dubai=0.5,las vegas=.5", "2=3"):
        assert main(["render", str(a_map), "--mix", mix, "--labels", "-o", str(out)]) == 0
        colours.append(read_picture(out).astype(float))
    dubai, between, vegas = colours
    assert np.abs(dubai - vegas).mean() > 4
    for city in (dubai, vegas):
        assert 1 < np.abs(between - city).mean() < np.abs(dubai - vegas).mean()


def test_sketch_takes_inks_from_a_file_or_one_by_one(tmp_path: Path) -> None:
    """Card on black, which nobody could guess."""
    card = [(40, 40, 40), (235, 235, 225), (60, 200, 90), (230, 120, 30), (90, 160, 230)]
    names = ("ground", "road", "green", "building", "water")
    colours = {name: "#{:02x}{:02x}{:02x}".format(*rgb) for name, rgb in zip(names, card, strict=True)}
    rgb = np.full((300, 300, 3), card[0], dtype=np.uint8)
    for number, colour in enumerate(card[1:]):
        rgb[40 + 60 * number : 80 + 60 * number, 60:240] = colour
    write_picture(tmp_path / "card.png", rgb)
    inks = tmp_path / "inks.toml"
    inks.write_text("[inks]\n" + "".join(f'{name} = "{value}"\n' for name, value in colours.items()))
    one_by_one = [word for name, value in colours.items() for word in ("--ink", f"{name}={value}")]
    for options in (["--inks", str(inks)], one_by_one):
        out = tmp_path / "labels.png"
        arguments = ["sketch", str(tmp_path / "card.png"), "--sheet", "whole", "--side", "300"]
        assert main([*arguments, "-o", str(out), *options]) == 0
        labels = read_map(out)
        assert [int(labels[60 + 60 * n, 150]) for n in range(4)] == [1, 2, 3, 4]
        assert (labels[:, :50] == 0).all()


def test_render_makes_a_city_of_a_photograph(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "city.jpg"
    assert main(["render", str(photo), "--city", "palm-springs", "-o", str(out), "--side", "128"]) == 0
    assert read_picture(out).shape == (128, 128, 3)


def test_list_tells_cities_and_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "CC0" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    (small,) = json.loads(capsys.readouterr().out)
    assert small["set"] == "small"
    assert [city["number"] for city in small["cities"]] == [1, 2, 3, 4]
    assert all(city["licence"] and city["attribution"] for city in small["cities"])


def renamed_copy(folder: Path) -> Path:
    """The shipped set with other names, so that it can share a show with the original."""
    shutil.copytree(SHIPPED / "small", folder)
    card = json.loads((folder / CARD).read_text())
    for city in card["cities"]:
        city["name"] = f"other-{city['name']}"
    (folder / CARD).write_text(json.dumps(card))
    return folder


def test_sets_that_share_a_show_are_listed_and_rendered_together(
    a_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--set", "small", "--set", str(renamed_copy(tmp_path / "other"))]
    assert main(["list", "--json", *both]) == 0
    small, other = json.loads(capsys.readouterr().out)
    count = len(small["cities"])
    assert [city["number"] for city in small["cities"] + other["cities"]] == list(range(1, 2 * count + 1))
    out = tmp_path / "city.png"
    pictures = []
    for city in ("dubai", "other-dubai", str(count + 1), "long-beach"):
        assert main(["render", str(a_map), "--city", city, "--labels", "-o", str(out), *both]) == 0
        pictures.append(read_picture(out))
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] == pictures[2]).all()
    assert (pictures[0] != pictures[3]).any()


def test_a_show_of_two_sets_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = ["--set", "small", "--set", str(renamed_copy(tmp_path / "other"))]
    words = "live --headless --camera simulated --seconds 0.5 --free-ports --city other-dubai"
    assert main([*words.split(), *both]) == 0
    assert "2 sets" in capsys.readouterr().out
    assert main([*words.split(), "--set", "small", "--set", "small"]) == 3
    assert "cities.set: " in capsys.readouterr().err


def test_config_prints_what_is_in_force(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    show = tmp_path / "mine.toml"
    show.write_text("[cities]\nfade = 5\n")
    assert main(["config", "--show", str(show)]) == 0
    printed = tomllib.loads(capsys.readouterr().out)
    assert printed["cities"]["fade"] == 5
    assert printed["control"]["osc_port"] == 9000
    assert printed["calibration"]["file"] == str(tmp_path / "calibration.toml")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("render MAP --labels --city venice -o OUT", 2, 'no city "venice"'),
        ("render MAP --labels --city dubai -o out.gif", 3, "written as .png or .jpg"),
        ("render MAP --labels --city dubai -o .", 3, "written as .png or .jpg"),
        ("render MAP --labels --city dubai -o OUT --set nowhere", 3, "no city set"),
        (f"list --set {'x' * 5000}", 3, "no city set"),
        ("render PHOTO --labels --city dubai -o OUT", 3, "not a map in the five flat colours"),
        ("render missing.png --city dubai -o OUT", 3, "missing.png can't be read"),
        ("sheet -o sheet.png", 3, "written as .pdf"),
        ("sheet -o nowhere/sheet.pdf", 3, "nowhere/sheet.pdf can't be written"),
        ("sketch EMPTY -o OUT", 3, "no sheet found"),
        ("sketch BROKEN -o OUT", 3, "is not a picture"),
        ("sketch MAP -o OUT --sheet 0,0,9,9,9,0,0,9", 2, "corners"),
        ("sketch PHOTO -o PHOTO", 2, "would write over"),
        ("sketch PHOTO -o OUT --sheet=5000,0,6000,0,6000,900,5000,900", 2, "lie outside"),
        ("render MAP --city dubai -o OUT", 3, "render it by --labels"),
        ("render MAP --labels --city dubay -o OUT", 2, "did you mean dubai?"),
        ("render MAP --labels --city 9 -o OUT", 2, 'no city "9"'),
        ("render MAP --labels --mix dubai=0.5,atlantis=0.5 -o OUT", 2, 'no city "atlantis"'),
        ("render MAP --labels --mix dubai -o OUT", 2, "such as dubai=0.5,las-vegas=0.5"),
        ("render MAP --labels --mix dubai=nan -o OUT", 2, "'dubai=nan' is no list of cities"),
        ("render MAP --labels --mix dubai=0 -o OUT", 2, "gives no city a share above 0"),
        ("live --headless --camera simulated --record film.txt --free-ports", 3, "written as .mp4"),
        ("live --headless --camera simulated --set smal --free-ports", 3, "did you mean small?"),
        ("live --headless --camera simulated --city dubay --free-ports", 2, "cities.city: there is no"),
        ("config --show missing.toml", 3, "missing.toml"),
        ("config --show BROKEN", 2, "broken"),
        ("live --headless --camera no-such-camera --free-ports", 4, "no-such-camera"),
        ("live --headless --camera missing.mp4 --free-ports", 3, "missing.mp4"),
        ("live --headless --camera simulated --record nowhere/out.mp4 --free-ports", 3, "nowhere/out.mp4"),
        ("live --headless --camera simulated --osc-port 70000", 2, "osc_port"),
    ],
)
def test_what_can_not_be_is_told_in_one_sentence(
    arguments: str,
    code: int,
    sentence: str,
    photo: Path,
    a_map: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x89PNG no more")
    empty = tmp_path / "empty.png"
    write_picture(empty, np.random.default_rng(1).integers(80, 90, (240, 320, 3), dtype=np.uint8))
    names = {
        "EMPTY": str(empty),
        "MAP": str(a_map),
        "PHOTO": str(photo),
        "OUT": str(tmp_path / "out.png"),
        "BROKEN": str(broken),
    }
    assert main([names.get(word, word) for word in arguments.split()]) == code
    told = capsys.readouterr().err
    assert sentence in told
    assert told.startswith("cities: ")
    assert told.count("\n") == 1
    assert not (tmp_path / "out.png").exists()
    assert read_picture(photo).std() > 10


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["live", "--headless", "--camera", "simulated", "--osc-port", str(port)]) == 4
    assert re.search(f"UDP port {port} .*already in use.*--osc-port", capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        "sing",
        "sheet -o sheet.pdf --format a5",
        "sketch",
        "sketch a.png -o b.png --side 9",
        "sketch a.png -o b.png --ink sea=#0000ff",
        "render a.png --city dubai -o b.png --ink water=blue",
        "live --seconds -1",
        "render a.png -o b.png",
        "render a.png --city dubai --mix dubai=1 -o b.png",
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    assert caught.value.code == 2
    assert "usage: cities" in capsys.readouterr().err


def run(arguments: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "live", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def test_a_show_without_a_display_says_so() -> None:
    hidden = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY"), "")
    show = run(["live", "--camera", "simulated", "--free-ports", "--seconds", "1"], **hidden)
    _, told = show.communicate(timeout=60)
    assert show.returncode == 4
    assert "--headless" in told
    assert "Traceback" not in told


def test_the_show_runs_records_and_ends_by_itself(tmp_path: Path) -> None:
    film = tmp_path / "show.mp4"
    arguments = ["live", "--headless", "--camera", "simulated", "--free-ports", "--seconds", "2"]
    show = run([*arguments, "--record", str(film)])
    said, told = show.communicate(timeout=60)
    assert (show.returncode, told) == (0, "")
    assert "simulated sheet" in said
    assert re.search(r"shown [1-9]\d* pictures", said)
    recorded = cv2.VideoCapture(str(film))
    ok, frame = recorded.read()
    assert ok
    assert frame.std() > 2.0


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("seconds", [0.1, 0.7, 1.1, 1.6])
def test_a_show_that_is_stopped_while_it_opens_ends_in_order(number: str, seconds: float) -> None:
    show = run(["live", "--headless", "--camera", "simulated", "--free-ports"])
    time.sleep(seconds)
    show.send_signal(getattr(signal, number))
    _, told = show.communicate(timeout=30)
    # Before Python has come as far as the program, a signal does what it always does.
    before = -getattr(signal, number) if seconds < 0.7 else 0
    assert show.returncode in (0, 130, before)
    if show.returncode != before:
        assert told == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM")
def test_a_show_that_is_still_opening_can_be_terminated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes a connection and says nothing
        port = silent.getsockname()[1]
        show = run(["live", "--headless", "--camera", f"http://127.0.0.1:{port}/", "--free-ports"])
        silent.settimeout(60)
        with silent.accept()[0]:
            show.send_signal(signal.SIGTERM)
            said, told = show.communicate(timeout=30)
    assert (show.returncode, said, told) == (130, "", "")


def test_a_camera_that_can_not_be_had_leaves_an_older_recording_alone(tmp_path: Path) -> None:
    film = tmp_path / "show.mp4"
    film.write_bytes(b"the last show")
    words = "live --headless --camera missing.mp4 --free-ports --record"
    assert main([*words.split(), str(film)]) == 3
    assert film.read_bytes() == b"the last show"


def test_a_terminal_without_our_signs_is_told_all_the_same() -> None:
    listing = run(["list"], PYTHONIOENCODING="ascii")
    said, told = listing.communicate(timeout=60)
    assert (listing.returncode, told) == (0, "")
    assert "palm-springs" in said


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM")
def test_a_show_hears_oscsend_and_ends_in_order_when_it_is_terminated() -> None:
    show = run(["live", "--headless", "--camera", "simulated", "--free-ports"])
    assert show.stdout is not None
    said = ""
    while not (found := re.search(r"OSC 127\.0\.0\.1:(\d+)", said)):
        line = show.stdout.readline()
        assert line, "the show ended before it said its port"
        said += line
    with OscClient(int(found[1])) as client:
        client.send("/city", "las-vegas")
        client.send("/state")
        state = {m.address: m.arguments for m in client.hear_until("/state/end")}
    assert state["/city"] == ("las-vegas",)
    show.send_signal(signal.SIGTERM)
    rest, told = show.communicate(timeout=30)
    assert show.returncode == 0
    assert "shown" in rest
    assert told == ""


@pytest.mark.parametrize("command", ["train", "import"])
def test_the_stage_needs_no_torch(command: str) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['tensorrt'] = None\n"
        "from live.cli import main; import live.opening, bench.command\n"
        f"sys.exit(main(['{command}', '--out', 'x']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith(f"cities: `cities {command}` needs torch")


def test_the_show_fills_a_real_display(screen: Screen) -> None:
    with run(["live", "--camera", "simulated", "--free-ports"], DISPLAY=screen.display) as show:
        try:
            assert soon(lambda: screen.shot()[:, 300:980].std() > 2.0, within=30), "no city on the display"
            assert soon(lambda: screen.shot()[-160:, 20:260].mean() > 20), "the sheet in the corner"
            shot = screen.shot()
            assert shot[:500, :200].max() == shot[:, -200:].max() == 0, "bars beside a square picture"
            screen.press("h")
            assert soon(lambda: bool((screen.shot()[:60, 20:260] > 200).any())), "the operator's figures"
            screen.press("Escape")
            assert soon(lambda: screen.shot()[400:, 500:780].max() == 0), "panic is black"
            screen.press("BackSpace")
            assert soon(lambda: screen.shot()[400:, 500:780].max() > 40), "the light comes back"
            screen.press("ctrl+q")
            said, told = show.communicate(timeout=30)
        finally:
            show.kill()
    assert (show.returncode, told) == (0, "")
    assert "display 0, 1280×720" in said


def test_a_show_is_calibrated_in_a_real_display(screen: Screen, tmp_path: Path) -> None:
    sheet, file = tmp_path / "sheet.png", tmp_path / "calibration.toml"
    write_picture(sheet, camera_picture()[:, :, ::-1])
    command = ["calibrate", "--camera", str(sheet), "-o", str(file)]
    with run(command, DISPLAY=screen.display) as guide:
        try:
            assert soon(lambda: bool(screen.shot().any()), within=30), "no guide on the display"

            def ended() -> bool:
                screen.press("Return")  # from step to step, saves, and is any key in the end
                return guide.poll() is not None

            assert soon(ended, within=30)
            said, told = guide.communicate(timeout=30)
        finally:
            guide.kill()
    assert (guide.returncode, said, told) == (0, f"saved to {file}\n", "")
    assert "sheet.png" in read_calibration(file).camera


def test_a_show_is_calibrated_from_the_swatches_with_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "show.toml").write_text('[calibration]\nfile = "mine.toml"\n')
    write_picture(tmp_path / "sheet.png", camera_picture()[:, :, ::-1])
    command = ["--show", str(tmp_path / "show.toml"), "--camera", str(tmp_path / "sheet.png"), "--auto"]
    for _ in range(2):
        assert main(["calibrate", *command]) == 0
    told = capsys.readouterr().out
    assert f"saved to {tmp_path / 'mine.toml'}; the one before is kept as mine.previous.toml" in told
    assert read_calibration(tmp_path / "mine.toml").corners is None


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("--auto --camera NONE", 3, "none.png"),
        ("--show EMPTY", 2, "calibration.file is empty: give the file to calibrate into by -o FILE"),
    ],
)
def test_a_calibration_that_can_not_be_made_is_told(
    arguments: str, code: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "show.toml").write_text('[calibration]\nfile = ""\n')
    names = {"NONE": str(tmp_path / "none.png"), "EMPTY": str(tmp_path / "show.toml")}
    assert main(["calibrate", *(names.get(word, word) for word in arguments.split())]) == code
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


_NO_PLACES = [
    ("no/x.toml", "no/x.toml: the calibration can't be written (No such file or directory); give"),
    ("folder.toml", "folder.toml: the calibration can't be written (Is a directory)"),
    ("show.toml", "show.toml is no calibration file, and would be replaced; give another name"),
    ("x" * 300 + ".toml", "the calibration can't be written (File name too long)"),
]


@pytest.mark.parametrize(
    ("given", "place", "sentence"),
    [
        *((given, *case) for given in ("-o", "calibration.file") for case in _NO_PLACES),
        # The show file takes no such name.
        ("-o", "x.png", "x.png: a calibration is written as .toml; give a name that ends like that"),
    ],
)
def test_a_place_that_takes_no_calibration_is_told_before_the_pass(
    given: str, place: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.toml").mkdir()
    show = f'[calibration]\nfile = "{place}"\n' if given == "calibration.file" else ""
    (tmp_path / "show.toml").write_text(show)
    command = ["calibrate", "--show", str(tmp_path / "show.toml"), "--camera", str(tmp_path / "none.png")]
    assert main([*command, *(["-o", str(tmp_path / place)] if given == "-o" else [])]) == 3
    told = capsys.readouterr().err
    assert told.startswith(f"cities: {given}: ")
    assert sentence in told
    assert told.count("\n") == 1
    assert (tmp_path / "show.toml").read_text() == show


def test_calibrating_by_itself_takes_no_window(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["calibrate", "--auto", "--window"])
    assert "--window: not allowed with argument --auto" in capsys.readouterr().err


def test_a_display_that_is_not_there_is_told(screen: Screen, tmp_path: Path) -> None:
    settings = tmp_path / "show.toml"
    settings.write_text("[output]\ndisplay = 3\n[control]\nosc_port = 0\n")
    show = run(["live", "--camera", "simulated", "--show", str(settings)], DISPLAY=screen.display)
    _, told = show.communicate(timeout=60)
    assert show.returncode == 4
    assert "There is no display 3" in told
    assert "Traceback" not in told
