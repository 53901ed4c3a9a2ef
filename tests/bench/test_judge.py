"""The judge: what of a frame can be judged, and what becomes of right, wrong and ghosts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.judge import GRACE, SEAM, UNCOVERED, Course, Moment, Score, wrong_share
from live.camera.simulated import Truth
from models.palette import BUILDING, GROUND, ROAD, WATER

SIDE = 32


def truth(
    water_since: float | None = None, hand: bool = False, new_sheet: bool = False, label: int = WATER
) -> Truth:
    """Empty paper, or with its left half drawn; the hand over everything or away."""
    labels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    drawn_at = np.full((SIDE, SIDE), -np.inf, dtype=np.float32)
    if water_since is not None:
        labels[:, : SIDE // 2] = label
        drawn_at[:, : SIDE // 2] = water_since
    return Truth(labels, drawn_at, np.full((SIDE, SIDE), hand), new_sheet)


def blank() -> NDArray[np.uint8]:
    return np.zeros((SIDE, SIDE), dtype=np.uint8)


def followed(course: Course, *steps: tuple[float, Truth]) -> Moment:
    for now, what in steps:
        moment = course.see(now, what)
    return moment


def test_neither_the_seam_nor_what_is_fresh_is_judged() -> None:
    drawn = truth(water_since=1.0)
    early = followed(Course(SIDE), (1.0 + GRACE - 0.1, drawn)).judged
    late = followed(Course(SIDE), (1.0 + GRACE, drawn)).judged
    assert not early[:, : SIDE // 2].any()
    assert late[:, : SIDE // 2 - SEAM].all()
    assert not late[:, SIDE // 2 - SEAM : SIDE // 2 + SEAM].any()
    missed = float((late & (drawn.labels == WATER)).sum() / late.sum())
    assert wrong_share(1.0 + GRACE, blank(), drawn) == pytest.approx(missed)


def test_what_the_hand_hides_is_judged_if_it_was_known_before() -> None:
    known = followed(Course(SIDE), (0.0, truth(-9.0)), (0.1, truth(-9.0, hand=True)))
    assert known.judged[:, : SIDE // 2 - SEAM].all()
    hidden = followed(Course(SIDE), (0.0, truth(hand=True)), (9.0, truth(1.0, hand=True)))
    assert not hidden.judged.any()


def test_what_was_drawn_under_the_hand_is_judged_soon_after_it_has_gone() -> None:
    course = Course(SIDE)
    followed(course, (0.0, truth()), (1.0, truth(0.9, hand=True)), (5.0, truth(0.9, hand=True)))
    soon = course.see(5.0 + UNCOVERED - 0.05, truth(0.9)).judged[:, : SIDE // 2 - SEAM].copy()
    late = course.see(5.0 + UNCOVERED, truth(0.9)).judged[:, : SIDE // 2 - SEAM]
    assert not soon.any()
    assert late.all()


def test_what_a_new_sheet_covers_is_not_judged() -> None:
    arriving = truth(-9.0, hand=True, new_sheet=True)
    assert not followed(Course(SIDE), (0.0, truth(-9.0)), (0.1, arriving)).judged.any()


def test_a_push_excuses_what_is_new_and_nothing_else() -> None:
    course = Course(SIDE)
    course.see(0.0, truth())
    during = course.see(5.0, truth(3.0), blind=(2.0, 6.0))
    assert not during.judged[:, : SIDE // 2].any()
    assert during.judged[:, SIDE // 2 + SEAM :].all()
    assert course.see(6.0, truth(3.0), blind=(2.0, 6.0)).judged[:, : SIDE // 2 - SEAM].all()


def test_a_ghost_is_what_was_never_drawn_there() -> None:
    score, course = Score(SIDE), Course(SIDE)
    shown = blank()
    shown[:, SIDE // 2 + SEAM] = WATER  # beyond what a seam explains
    shown[:, SIDE // 2 + SEAM - 1] = WATER
    shown[0, 0] = BUILDING
    score.add(followed(course, (9.0, truth(0.0))), shown)
    assert score.ghosts == [pytest.approx((SIDE + 1) / SIDE**2)]
    # What was drawn once and is wiped now may linger; it is wrong, but no ghost.
    lingering = truth(0.0).labels
    score.add(course.see(10.0, truth()), lingering)
    assert score.ghosts[-1] == 0


def test_the_figures_tell_the_worst_frame_the_mean_and_the_classes() -> None:
    score, course = Score(SIDE), Course(SIDE)
    drawn = truth(0.0, label=ROAD)
    score.add(course.see(9.0, drawn), drawn.labels, ms=4.0, stages_ms={"inks": 3.0})
    score.add(course.see(9.1, drawn), blank(), ms=8.0, stages_ms={"inks": 5.0})
    figures = score.figures()
    half = 1 - 0.5
    assert figures["frames"] == 2
    assert figures["right"] == half
    assert figures["right_worst_at_s"] == 9.1
    assert figures["right_mean"] == (1 + half) / 2
    by_class = figures["right_by_class"]
    assert isinstance(by_class, dict)
    assert by_class["road"] == 0.5
    assert by_class["ground"] == 1.0
    assert figures["ghosts"] == 0
    assert by_class["water"] is None, "there was none to judge"
    assert figures["ms"] == pytest.approx({"p50": 6.0, "p95": 7.8})
    assert figures["stages_ms"] == {"inks": pytest.approx({"p50": 4.0, "p95": 4.9})}
    assert figures["uncovered_s"] is None, "nothing was drawn under the hand"


def test_settling_counts_the_time_for_which_a_pixel_could_be_seen() -> None:
    score, course = Score(SIDE), Course(SIDE)
    drawn = truth(0.05).labels
    for now, what, shown in (
        (0.0, truth(), blank()),
        (0.1, truth(0.05, hand=True), blank()),  # hidden
        (0.2, truth(0.05), blank()),
        (0.3, truth(0.05), blank()),
        (0.4, truth(0.05), drawn),
    ):
        score.add(course.see(now, what), shown)
    settle = score.figures()["settle_s"]
    assert settle == {"p50": pytest.approx(0.2), "p95": pytest.approx(0.2)}
    assert (drawn == GROUND).any()


def test_the_figures_are_not_rounded() -> None:
    score = Score(SIDE)
    score.right = [0.969996, 1.0]
    score.times, score.ghosts, score.ms = [0.0, 0.1], [0.0005004, 0.0], [1.0, 1.0]
    score.judged += 3
    score.wrong += 1
    figures = score.figures()
    assert figures["right"] == 0.969996
    assert figures["right_mean"] == (0.969996 + 1) / 2
    assert figures["ghosts"] == 0.0005004
    assert isinstance(by_class := figures["right_by_class"], dict)
    assert by_class["water"] == 1 - 1 / 3


HIDDEN, FREE = "hidden", "free"


@pytest.mark.parametrize(
    ("frames", "seconds"),
    [
        ([HIDDEN, "shown"], 0.0),
        ([HIDDEN, FREE, FREE, "shown"], 0.2),
        ([HIDDEN, HIDDEN, HIDDEN, FREE, "shown"], 0.1),
        # A glimpse is too short to be read; then it is the time after the hand's last leaving that counts …
        ([HIDDEN, FREE, HIDDEN, HIDDEN, FREE, FREE, FREE, "shown"], 0.3),
        # … but what was free for long and wasn't shown isn't forgiven for being hidden and shown after.
        ([HIDDEN, *[FREE] * 6, HIDDEN, "shown"], 0.5),
        # Nor if it is never shown at all.
        ([HIDDEN, *[FREE] * 6], 0.5),
        ([HIDDEN, *[FREE] * 6, HIDDEN], 0.5),
    ],
)
def test_what_was_drawn_under_the_hand_is_timed_from_when_the_hand_has_gone(
    frames: list[str], seconds: float
) -> None:
    score, course = Score(SIDE), Course(SIDE)
    score.add(course.see(0.0, truth()), blank())
    for number, frame in enumerate(frames, 1):
        drawn = truth(0.1, hand=frame == HIDDEN)
        score.add(course.see(0.1 * number, drawn), drawn.labels if frame == "shown" else blank())
    taken = score.uncovered_s()
    assert len(taken) == SIDE * (SIDE // 2 - SEAM), "the drawn half, but for the seam"
    np.testing.assert_allclose(taken, seconds, atol=1e-6)
    figures = score.figures()["uncovered_s"]
    assert figures == pytest.approx({"p50": seconds, "p95": seconds, "in_time": float(seconds < 0.35)})


def test_neither_what_is_drawn_in_sight_nor_what_is_wiped_was_drawn_under_the_hand() -> None:
    score, course = Score(SIDE), Course(SIDE)
    for number, what in enumerate([truth(), truth(0.1), truth(0.1, hand=True), truth(hand=True), truth()]):
        score.add(course.see(0.1 * number, what), blank())
    assert not score.uncovered_s().size


def test_what_has_not_been_free_for_long_is_not_late_yet() -> None:
    score, course = Score(SIDE), Course(SIDE)
    for number, what in enumerate([truth(), truth(0.1, hand=True), truth(0.1), truth(0.1)]):
        score.add(course.see(0.1 * number, what), blank())
    assert not score.uncovered_s().size
