"""The printed sheet, as a printer puts it on paper and a camera sees it there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration import light
from calibration.inks import ink_table, read_inks
from calibration.layout import A4, PAPERS, SheetLayout
from calibration.printed import SWATCH_WORDS, sheet_pdf, write_sheet
from calibration.sheet import SheetPosition, find_sheet
from live.camera.drawings import drawing
from live.config import Settings
from live.finder import SheetFinder
from live.flow import Frame
from live.sketch import SheetReader, inks_of
from models.faults import InputFault
from models.palette import CLASS_NAMES, GROUND, ROAD
from tests.support import require_program

DPI = 150
PX = DPI / 25.4
"""Pixels per millimetre of a printed page."""
EXAMPLE = drawing("town", 1)
TABLE_BGR, PAPER_BGR = (52, 74, 104), (239, 245, 247)

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("printed")
    for paper in PAPERS:
        write_sheet(folder / f"{paper}.pdf", paper, EXAMPLE)
    return folder


def page_of(folder: Path, paper: str, number: int) -> Picture:
    """A page as a printer makes it, BGR; `PX` pixels per millimetre."""
    pdftoppm = require_program("pdftoppm", apt="poppler-utils")
    name = folder / f"{paper}-{number}"
    if not name.with_suffix(".png").exists():
        pages = ["-f", str(number), "-l", str(number), "-singlefile"]
        subprocess.run(
            [pdftoppm, "-r", str(DPI), *pages, "-png", folder / f"{paper}.pdf", name],
            check=True,
            capture_output=True,
        )
    picture = cv2.imread(str(name.with_suffix(".png")))
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def drawing_area_mm(paper: str) -> NDArray[np.float64]:
    """Where the drawing area lies on a format: in the middle, and as large as the A4 sheet allows."""
    width, height = PAPERS[paper]
    side = 190.0 * min(width / 297.0, height / 210.0)
    left, top = (width - side) / 2, (height - side) / 2
    return np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)])


def seen_by_camera(
    page: Picture, paper: str, width: int = 1280, height: int = 720, blur: float = 0.6
) -> tuple[Picture, NDArray[np.float32]]:
    """The page on a table, aslant and in the light of a lamp, and the true corners of its drawing area."""
    w, h = PAPERS[paper]
    # The paper's corners in the picture.
    quad = np.array([(0.20, 0.09), (0.83, 0.06), (0.92, 0.96), (0.08, 0.92)]) * (width, height)
    mm = np.array([(0, 0), (w, 0), (w, h), (0, h)], dtype=np.float32)
    view = cv2.getPerspectiveTransform(mm, quad.astype(np.float32))
    # A sensor's pixel gathers the light of its whole area: by several samples of each.
    fine = 3 if width < 2000 else 1
    sampled = np.array([[fine, 0, (fine - 1) / 2], [0, fine, (fine - 1) / 2], [0, 0, 1]])
    to_mm = np.array([[1 / PX, 0, 0.5 / PX], [0, 1 / PX, 0.5 / PX], [0, 0, 1]])
    on_paper = (page.astype(np.float32) * (np.array(PAPER_BGR, np.float32) / 255)).astype(np.uint8)
    size = (width * fine, height * fine)
    many = cv2.warpPerspective(on_paper, sampled @ view @ to_mm, size, borderValue=TABLE_BGR)
    picture = cv2.resize(many, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.float32)
    lamp = np.linspace(1.0, 0.7, width, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(1).normal(0, 2.2, picture.shape)
    corners = cv2.perspectiveTransform(drawing_area_mm(paper)[None], view)[0]
    return (picture * lamp + noise).clip(0, 255).astype(np.uint8), corners.astype(np.float32)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_pages_have_the_size_of_their_paper(folder: Path, paper: str) -> None:
    pdfinfo = require_program("pdfinfo", apt="poppler-utils")
    told = subprocess.run(
        [pdfinfo, folder / f"{paper}.pdf"], check=True, capture_output=True, text=True
    ).stdout
    assert re.search(r"Pages: +2\n", told)
    size = re.search(r"Page size: +([\d.]+) x ([\d.]+) pts", told)
    assert size
    assert [float(points) / 72 * 25.4 for points in size.groups()] == pytest.approx(PAPERS[paper], abs=0.01)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_camera_finds_the_printed_sheet(folder: Path, paper: str) -> None:
    picture, corners = seen_by_camera(page_of(folder, paper, 1), paper)
    position = find_sheet(picture)
    assert position is not None
    assert position.seen == (0, 1, 2, 3)
    assert np.abs(position.corners - corners).max() < 1.0


@pytest.mark.parametrize("width", [1280, 3840])
@pytest.mark.parametrize("paper", PAPERS)
def test_the_blank_sheet_is_read_as_ground(folder: Path, paper: str, width: int) -> None:
    height = width * 9 // 16
    picture, _ = seen_by_camera(page_of(folder, paper, 1), paper, width, height)
    settings = Settings()
    reader = SheetReader(512, SheetFinder("auto"), inks_of(settings.inks))
    for seq in range(1, 31):
        reading = reader.read(Frame(picture, seq, seq / 30))
    assert reading.found
    assert (reading.labels == GROUND).all()


@pytest.mark.parametrize(("width", "blur"), [(1280, 0.6), (1280, 0.0), (3840, 0.0)])
def test_not_even_a_sharp_camera_takes_the_border_for_a_road(folder: Path, width: int, blur: float) -> None:
    picture, corners = seen_by_camera(page_of(folder, "a4", 1), "a4", width, width * 9 // 16, blur)
    square = SheetPosition.of_corners(corners).rectify(picture, 512, margin=24)
    labels = read_inks(
        light.level(square, light.estimate_paper(square)), ink_table(inks_of(Settings().inks))
    )
    assert (labels == ROAD).sum() == 0
    assert (labels[24:-24, 24:-24] != GROUND).mean() < 1e-4  # single pixels, of noise


def test_nothing_but_the_border_is_printed_in_the_drawing_area_and_close_around_it(folder: Path) -> None:
    page = page_of(folder, "a4", 1).min(axis=2)
    (left, top), (right, bottom) = drawing_area_mm("a4")[0], drawing_area_mm("a4")[2]

    def part(margin: float) -> Picture:
        x0, x1 = (round((x + d) * PX) for x, d in ((left, -margin), (right, margin)))
        y0, y1 = (round((y + d) * PX) for y, d in ((top, -margin), (bottom, margin)))
        return np.asarray(page[max(y0, 0) : y1, max(x0, 0) : x1])

    reach = A4.border_offset + A4.line_width
    assert part(0.0).min() == 255
    watched = part(8.9)
    assert watched.min() > 180  # grey at the darkest
    assert (watched < 255).sum() == (part(reach) < 255).sum() > 4 * 190 * PX


def test_the_swatch_boxes_are_empty_and_framed(folder: Path) -> None:
    page = page_of(folder, "a4", 1).min(axis=2)
    for corners in A4.swatch_corners_mm():
        (x0, y0), (x1, y1) = np.round(corners[[0, 2]] * PX).astype(int)
        assert page[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].min() == 255
        assert page[y0 - 2 : y0 + 3, (x0 + x1) // 2].min() < 220
        assert page[(y0 + y1) // 2, x1 - 3 : x1 + 2].min() < 220


@pytest.mark.parametrize("paper", PAPERS)
def test_the_ruler_is_100_mm_long_on_every_paper(folder: Path, paper: str) -> None:
    width, height = PAPERS[paper]
    scale = min(width / 297.0, height / 210.0)
    x = (width - 297.0 * scale) / 2 + 289.0 * scale
    column = page_of(folder, paper, 1).min(axis=2)[:, round(x * PX) - 1 : round(x * PX) + 2].min(axis=1)
    dark = np.flatnonzero(column < 200)
    assert dark[-1] - dark[0] == pytest.approx(100 * PX, abs=3)
    assert len(dark) == dark[-1] - dark[0] + 1


def test_the_legend_is_no_sheet_to_a_camera_and_names_every_class(folder: Path) -> None:
    pdftotext = require_program("pdftotext", apt="poppler-utils")
    picture, _ = seen_by_camera(page_of(folder, "a4", 2), "a4")
    assert find_sheet(picture) is None
    pages = subprocess.run(
        [pdftotext, folder / "a4.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout.split("\f")
    for words in SWATCH_WORDS:
        assert words in pages[0]
    assert "Print at 100 %" in " ".join(pages[0].split())
    for name in ("Road", "Park", "Building", "Water", "Ground", "black", "green", "red", "blue", "white"):
        assert name in pages[1]
    assert len(SWATCH_WORDS) == len(CLASS_NAMES)


def test_the_same_sheet_is_the_same_file() -> None:
    assert sheet_pdf("a4", EXAMPLE) == sheet_pdf("a4", EXAMPLE)
    assert sheet_pdf("a4", EXAMPLE) != sheet_pdf("a3", EXAMPLE)


def test_another_layout_is_printed_as_it_says(tmp_path: Path) -> None:
    layout = SheetLayout(marker_side=24.0)
    (tmp_path / "a4.pdf").write_bytes(sheet_pdf("a4", EXAMPLE, layout))
    picture, corners = seen_by_camera(page_of(tmp_path, "a4", 1), "a4")
    position = find_sheet(picture, layout)
    assert position is not None
    assert np.abs(position.corners - corners).max() < 1.0


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"sheet\.png: the sheet is written as \.pdf"):
        write_sheet(tmp_path / "sheet.png", "a4", EXAMPLE)
    with pytest.raises(InputFault, match=r"sheet\.pdf can't be written \(No such file or directory\)"):
        write_sheet(tmp_path / "nowhere" / "sheet.pdf", "a4", EXAMPLE)
