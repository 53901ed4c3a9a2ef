"""The table of controls: what a performer can change, each thing declared once.

OSC addresses, OSCQuery, what MIDI controllers do untaught, keys, the page, the operator's help and
docs/controls.md are all made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from live.control.kinds import (
    Choice,
    Kind,
    Meant,
    MidiDefault,
    Number,
    Point,
    Step,
    Switch,
    Trigger,
    Value,
)
from live.cues import CueList
from live.mix import FADE_SHAPES, REGIONS, city_of, shares
from live.show import (
    FASTEST,
    LONGEST_FADE,
    LONGEST_SETTLE,
    MOST_BEATS,
    SLOWEST,
    Back,
    ClearSheet,
    Command,
    Forget,
    Go,
    GoTo,
    Learn,
    MoveStandBy,
    Panic,
    Quit,
    ReleasePanic,
    SetBlackout,
    SetCity,
    SetFadeBeats,
    SetFadePoint,
    SetFadeShape,
    SetFadeTime,
    SetFreeze,
    SetHelp,
    SetOpacity,
    SetOverlay,
    SetRegion,
    SetSettle,
    SetShare,
    SetTempo,
    ShowState,
    StandBy,
    StopCues,
    TakeInks,
    TakeWhite,
)
from models.cityset import slug
from models.faults import did_you_mean
from models.tomlfile import shown

T = TypeVar("T")

GROUPS: Final = {
    "cities": "Cities",
    "fade": "Change of city",
    "cues": "Cues",
    "light": "Light",
    "sheet": "Sheet",
    "desk": "Desk",
}
"""What belongs together, in the order in which it is listed, with its title."""


@dataclass(frozen=True, slots=True)
class Control(Generic[T]):
    """One thing that a performer can change.

    address: its OSC address.
    group: of `GROUPS`.
    meaning: what it does, in one line.
    command: the command for a value, as the show stands when it is obeyed.
    told: what it is at, as clients are told; None for what only happens.
    faded: the command that brings a value in so many seconds, where a cue does that.
    keys: the names of its keys, each with the arguments of the message that it stands for.
    midi: where it stands on a MIDI controller that nobody has taught otherwise.
    clients: whether a client may use it, or only who sits at the machine.
    exact: whether it must be called by its very address, and no OSC pattern reaches it.
    """

    name: str
    address: str
    group: str
    kind: Kind[T]
    meaning: str
    command: Callable[[T, ShowState], Command]
    told: Callable[[ShowState], tuple[Value, ...]] | None = None
    faded: Callable[[T, float], Command] | None = None
    keys: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    midi: tuple[MidiDefault, ...] = ()
    clients: bool = True
    exact: bool = False

    def read(self, arguments: Sequence[object]) -> Meant[T] | None:
        """What a message with these arguments means; None if nothing (a release).

        Raises ValueError, with the whole sentence for the sender, if it can't be meant."""
        try:
            meant = self.kind.read(arguments)
        except ValueError as error:
            raise ValueError(f"{self.address} {error}") from None
        if meant is not None and meant.remark:
            return Meant(meant.value, f"{self.address} {meant.remark}")
        return meant

    def asked(self, value: T | Step, state: ShowState) -> Command:
        """The command for a value, or for a step from where the control stands."""
        if isinstance(value, Step):
            value = self.kind.stepped(self.told(state) if self.told else (), value)
        return self.command(value, state)


Table: TypeAlias = tuple[Control[Any], ...]


def controls(cities: tuple[str, ...], cues: CueList) -> Table:
    """The table of controls of a show with these cities and cues."""
    table = (*_cities(cities), *_fade(), *_cues(cues), *_light(), *_sheet(), *_desk())
    known = ("", *(c.address for c in table if c.clients))
    return (*table, *_teaching(known), _QUIT)


def cue_check(cities: tuple[str, ...]) -> Callable[[str, tuple[object, ...]], None]:
    """What says whether a cue can set a control to something: raises ValueError, with a sentence, if not.

    A file can be mended before the show, so it is told what a client is forgiven; and it must say where a
    control goes, not by how much, since nobody knows where it will stand.
    """
    # No cue sets what there is only because of other cues, so that an empty list has all the controls.
    table = {control.address: control for control in controls(cities, CueList()) if control.clients}

    def check(address: str, arguments: tuple[object, ...]) -> None:
        if address not in table:
            hint = did_you_mean(address[:40], table, quote='"')
            raise ValueError(f"there is no control {shown(address)}{hint}")
        meant = table[address].read(arguments)
        if meant is None:
            raise ValueError(f"{address} takes 1 to happen; this is the release of its button")
        if isinstance(meant.value, Step):
            raise ValueError(f"{address} must be set to a value, and not changed from where it stands")
        if meant.remark:
            raise ValueError(meant.remark)

    return check


def _cities(cities: tuple[str, ...]) -> Table:
    def beside(places: int) -> Callable[[bool, ShowState], Command]:
        return lambda _, state: SetCity((state.city + places) % len(state.cities))

    digits: dict[str, tuple[object, ...]] = {str(n): (n,) for n in range(1, min(len(cities), 9) + 1)}
    return (
        Control(
            "city",
            "/city",
            "cities",
            Choice("city", cities),
            "fade to a city, by name or number",
            lambda index, _: SetCity(index),
            lambda state: (state.cities[state.city],),
            keys=digits,
            midi=(MidiDefault("program"),),
        ),
        Control(
            "next city",
            "/city/next",
            "cities",
            Trigger(),
            "fade to the next city",
            beside(1),
            keys={"right": ()},
            midi=(MidiDefault("note", 5),),
        ),
        Control(
            "previous city",
            "/city/prev",
            "cities",
            Trigger(),
            "fade to the city before",
            beside(-1),
            keys={"left": ()},
            midi=(MidiDefault("note", 4),),
        ),
        *(_share(index, city) for index, city in enumerate(cities)),
        *(_region(region, cities) for region in REGIONS),
    )


SHARE_FADERS: Final = range(16, 24)
"""The MIDI controllers that are the shares of the first cities: general purpose 1–4 and four more, the
upper row of common small desks."""


def _share(index: int, city: str) -> Control[float]:
    return Control(
        f"share of {city}",
        f"/mix/{slug(city)}",
        "cities",
        Number(0.0, 1.0, "of the sheet", 0.05),
        f"how much of the mix is {city}, at once",
        lambda share, _: SetShare(index, share),
        lambda state: (round(shares(state.mix.target)[index], 3),),
        midi=(MidiDefault("cc", SHARE_FADERS[index]),) if index < len(SHARE_FADERS) else (),
    )


def _region(region: str, cities: tuple[str, ...]) -> Control[int]:
    def told(state: ShowState) -> tuple[Value, ...]:
        city = city_of(state.mix.target, region)
        return ("" if city is None else cities[city],)

    return Control(
        f"{region} region",
        f"/region/{region}",
        "cities",
        Choice("city", cities),
        f"fade the {region} of the sheet to a city, by name or number",
        lambda index, _: SetRegion(region, index),
        told,
    )


def _fade() -> Table:
    return (
        Control(
            "fade time",
            "/fade/time",
            "fade",
            Number(0.0, LONGEST_FADE, "seconds", 0.5),
            "how long the next change of city takes",
            lambda seconds, _: SetFadeTime(seconds),
            lambda state: (state.fade_time,),
        ),
        Control(
            "fade beats",
            "/fade/beats",
            "fade",
            Number(0.0, MOST_BEATS, "beats", 1.0),
            "beats that it takes instead, at the tempo; 0 for the seconds of the fade time",
            lambda beats, _: SetFadeBeats(beats),
            lambda state: (state.fade_beats,),
        ),
        Control(
            "tempo",
            "/tempo",
            "fade",
            Number(SLOWEST, FASTEST, "beats a minute", 1.0),
            "how fast the beats are; a MIDI clock sets it",
            lambda bpm, _: SetTempo(bpm),
            lambda state: (state.tempo,),
        ),
        Control(
            "fade shape",
            "/fade/shape",
            "fade",
            Choice("shape", FADE_SHAPES),
            "where the next change of city comes first",
            lambda index, _: SetFadeShape(FADE_SHAPES[index]),
            lambda state: (state.fade_shape,),
        ),
        Control(
            "fade point",
            "/fade/point",
            "fade",
            Point(),
            "the place on the sheet around which an iris opens or closes",
            lambda point, _: SetFadePoint(*point),
            lambda state: state.fade_point,
        ),
        Control(
            "fade point across",
            "/fade/point/x",
            "fade",
            Number(0.0, 1.0, "of the sheet from the left", 0.05),
            "the same place, its x alone",
            lambda x, _: SetFadePoint(x=x),
            lambda state: state.fade_point[:1],
        ),
        Control(
            "fade point down",
            "/fade/point/y",
            "fade",
            Number(0.0, 1.0, "of the sheet from the top", 0.05),
            "the same place, its y alone",
            lambda y, _: SetFadePoint(y=y),
            lambda state: state.fade_point[1:],
        ),
    )


def _cues(cues: CueList) -> Table:
    def standing(index: int | None) -> tuple[Value, ...]:
        return ("" if index is None else cues.cues[index].number,)

    triggers = (
        Control(
            "GO",
            "/go",
            "cues",
            Trigger(),
            "begin the next cue",
            lambda _, __: Go(),
            keys={"space": (), "pagedown": ()},
            midi=(MidiDefault("note", 1),),
            exact=True,
        ),
        Control(
            "back",
            "/back",
            "cues",
            Trigger(),
            "begin the cue before the standing one",
            lambda _, __: Back(),
            keys={"pageup": ()},
            midi=(MidiDefault("note", 2),),
            exact=True,
        ),
        Control(
            "stop cues",
            "/cue/stop",
            "cues",
            Trigger(),
            "begin nothing of what waits or follows",
            lambda _, __: StopCues(),
            keys={"s": ()},
            exact=True,
        ),
    )
    if not cues.cues:
        return triggers
    numbers = tuple(cue.number for cue in cues.cues)
    return (
        *triggers,
        Control(
            "cue",
            "/cue",
            "cues",
            Choice("cue", numbers, cues.find),
            "begin a cue, by number or name",
            lambda index, _: GoTo(index),
            lambda state: standing(state.playback.standing),
            exact=True,
        ),
        Control(
            "standby",
            "/cue/standby",
            "cues",
            Choice("cue", numbers, cues.find),
            "let a cue be the next one, by number or name, without beginning it",
            lambda index, _: StandBy(index),
            lambda state: standing(state.playback.next),
            exact=True,
        ),
        Control(
            "standby on",
            "/cue/next",
            "cues",
            Trigger(),
            "let the cue after the next one be the next",
            lambda _, __: MoveStandBy(1),
            keys={"down": ()},
            exact=True,
        ),
        Control(
            "standby back",
            "/cue/prev",
            "cues",
            Trigger(),
            "let the cue before the next one be the next",
            lambda _, __: MoveStandBy(-1),
            keys={"up": ()},
            exact=True,
        ),
        *(_cue(index, cue.number, cue.name) for index, cue in enumerate(cues.cues)),
    )


def _cue(index: int, number: str, name: str) -> Control[bool]:
    return Control(
        f"cue {number}",
        f"/cue/{number}/go",
        "cues",
        Trigger(),
        f"begin cue {number}{f', {name}' if name else ''}",
        lambda _, __: GoTo(index),
        exact=True,
    )


def _light() -> Table:
    return (
        Control(
            "freeze",
            "/freeze",
            "light",
            Switch(),
            "hold the picture on the projector",
            lambda on, _: SetFreeze(on),
            lambda state: (int(state.frozen),),
            keys={"f": ()},
            midi=(MidiDefault("note", 3), MidiDefault("cc", 26)),
        ),
        Control(
            "blackout",
            "/blackout",
            "light",
            Switch(),
            "fade to black and back",
            lambda on, _: SetBlackout(on),
            lambda state: (int(state.blackout),),
            keys={"b": ()},
            midi=(MidiDefault("note", 0),),
            exact=True,
        ),
        Control(
            "opacity",
            "/opacity",
            "light",
            Number(0.0, 1.0, "of the light", 0.05),
            "how bright the picture may be at most",
            lambda level, _: SetOpacity(level),
            lambda state: (round(state.opacity.target, 3),),
            faded=SetOpacity,
            midi=(MidiDefault("cc", 25),),
            exact=True,
        ),
        # A trigger, not a switch: the release of the button that called it must not end it.
        Control(
            "panic",
            "/panic",
            "light",
            Trigger(),
            "black at once, until released",
            lambda _, __: Panic(),
            lambda state: (int(state.panic),),
            keys={"escape": ()},
            exact=True,
        ),
        Control(
            "release panic",
            "/panic/release",
            "light",
            Trigger(),
            "end the panic",
            lambda _, __: ReleasePanic(),
            keys={"backspace": ()},
            exact=True,
        ),
    )


def _sheet() -> Table:
    return (
        Control(
            "settle",
            "/settle",
            "sheet",
            Number(0.0, LONGEST_SETTLE, "seconds", 0.05),
            "how long the paper must be read alike before the city follows",
            lambda seconds, _: SetSettle(seconds),
            lambda state: (state.wishes.settle,),
        ),
        Control(
            "clear sheet",
            "/sheet/clear",
            "sheet",
            Trigger(),
            "forget the drawing and read the sheet anew",
            lambda _, __: ClearSheet(),
            keys={"delete": ()},
            exact=True,
        ),
        Control(
            "white",
            "/calibrate/white",
            "sheet",
            Trigger(),
            "take the bare paper as it is now for white",
            lambda _, __: TakeWhite(),
            keys={"w": ()},
            exact=True,
        ),
        Control(
            "inks",
            "/calibrate/inks",
            "sheet",
            Trigger(),
            "take the inks from the sheet's swatches",
            lambda _, __: TakeInks(),
            keys={"c": ()},
            exact=True,
        ),
    )


def _desk() -> Table:
    return (
        Control(
            "overlay",
            "/overlay",
            "desk",
            Switch(),
            "show the operator's figures",
            lambda on, _: SetOverlay(on),
            lambda state: (int(state.overlay),),
            keys={"h": ()},
        ),
        Control(
            "help",
            "/help",
            "desk",
            Switch(),
            "show what the keys do",
            lambda on, _: SetHelp(on),
            lambda state: (int(state.help),),
            keys={"f1": ()},
        ),
    )


def _teaching(known: tuple[str, ...]) -> Table:
    """What teaches MIDI controllers. known: the addresses that can be taught, and "" for none."""

    def find(wanted: object) -> int | None:
        return known.index(wanted) if isinstance(wanted, str) and wanted in known else None

    return (
        Control(
            "learn",
            "/midi/learn",
            "desk",
            Choice("control's address", known, find),
            'teach a MIDI controller this control: the next knob that is moved is it; "" ends it',
            lambda index, _: Learn(known[index]),
            lambda state: (state.learning,),
            exact=True,
        ),
        Control(
            "forget",
            "/midi/forget",
            "desk",
            Choice("control's address", known, find),
            "let no MIDI controller move this control",
            lambda index, _: Forget(known[index]),
            lambda state: (state.forgetting,),
            exact=True,
        ),
    )


# No client ends a show.
_QUIT: Final = Control(
    "quit",
    "/quit",
    "desk",
    Trigger(),
    "end the show",
    lambda _, __: Quit(),
    keys={"ctrl+q": (), "close": ()},
    clients=False,
    exact=True,
)
