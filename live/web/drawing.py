"""What pages that draw say to the show's canvas, and what they are answered.

A page says {"stroke": {"id", "class", "width", "points", "done"}} for each part of a stroke (`Stroke`),
{"undo": true} or {"clear": true}. It may add "by", a name that it made up for itself and keeps, so that it
can take back its own strokes after its connection was lost and came back.

It hears the strokes of the others with the version of the drawing that they made, {"drawn": version} for
each of its own in their order (0: it was refused), and {"drawing": {"version": n}} where it must fetch
/drawing.png anew: that has its version in the header `VERSION_HEADER`, so that a page can draw on top of it
just what is newer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from live.drawing import NAME_LENGTH, Canvas, Stroke, read_stroke

VERSION_HEADER: Final = "X-Drawing-Version"
"""The header of /drawing.png that tells the version."""

WORDS: Final = ("stroke", "undo", "clear")
"""What a page can say of the drawing."""

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent after a page has said something of the drawing.

    reply: to this page, in the order of what it said; None for nothing.
    others: to every other page that draws. Where one of them reads too slowly to be told every stroke, it
        may be told `redrawn` in place of any number of them.
    """

    reply: Message | None = None
    others: Message | None = None


def handle(canvas: Canvas | None, client: str, message: Message) -> Answer | None:
    """Do what a page says of the drawing; None if it doesn't speak of it.

    canvas: None where the show looks at a real camera. client: a name for this connection and no other.
    """
    if not any(word in message for word in WORDS):
        return None
    if canvas is None:
        return _refused('this show looks at a camera; with camera.source = "page" it would be drawn here')
    by = message.get("by")
    if isinstance(by, str) and 0 < len(by) <= NAME_LENGTH:
        client = by
    if "stroke" in message:
        try:
            stroke = read_stroke(message["stroke"])
        except ValueError as error:
            return _refused(str(error))
        version = canvas.draw(client, stroke)
        return Answer({"drawn": version}, {"stroke": {**_told(stroke), "version": version}})
    if "undo" in message:
        if canvas.undo(client):
            return Answer()
        return Answer({"error": "there is nothing left that you can take back"})
    canvas.clear(client)
    return Answer()


def redrawn(canvas: Canvas, told: int) -> Message | None:
    """What every page that draws must hear if strokes alone don't lead from what it was told last to the
    drawing; None if they do. told: the `Canvas.redrawn` at which all were told last."""
    version = canvas.redrawn
    return None if version == told else {"drawing": {"version": version}}


def picture(canvas: Canvas) -> tuple[bytes, Mapping[str, str]]:
    """/drawing.png and its headers. Takes some hundredths of a second: not for the loop of a server."""
    version, png = canvas.png()
    return png, {"Content-Type": "image/png", "Cache-Control": "no-store", VERSION_HEADER: str(version)}


def _told(stroke: Stroke) -> dict[str, object]:
    return {"id": stroke.name, "class": stroke.label, "width": stroke.width, "points": stroke.points}


def _refused(sentence: str) -> Answer:
    return Answer({"error": sentence, "drawn": 0})
