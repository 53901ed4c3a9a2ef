"""`cities import`: a generator that was trained elsewhere, as a person brings it."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path

from models.cityset import CARD, CITY_NAME_RULE, MAX_SIDE, CityCard, is_city_name
from models.faults import InputFault
from models.palette import CLASS_NAMES, PALETTE_RGB
from models.training.export import make_folder
from models.training.imported import Colours, read_generator, write_set


def parser() -> argparse.ArgumentParser:
    """The options of `cities import`."""
    p = argparse.ArgumentParser(
        prog="cities import",
        description="Turn a generator that was trained by the PyTorch repository of pix2pix and CycleGAN "
        "(junyanz/pytorch-CycleGAN-and-pix2pix: unet_256 or resnet_9blocks) into a city set of one city. "
        "Of a CycleGAN, give the generator that turns maps into photographs.",
    )
    p.add_argument("weights", type=Path, metavar="latest_net_G.pth")
    p.add_argument("--name", type=_name, required=True, help="what the city is called in addresses")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="the set goes here")
    p.add_argument("--title", help="its name as a person reads it; from --name if it isn't given")
    p.add_argument("--attribution", default="not stated", help="whom the card credits")
    p.add_argument("--licence", default="not stated", help="of the weights, for the card")
    p.add_argument("--data", default="not stated", help="what it was trained on, for the card")
    p.add_argument(
        "--metres",
        type=float,
        default=0.6,
        metavar="M",
        help="metres of ground in a pixel of its pictures (0.6)",
    )
    p.add_argument(
        "--norm",
        choices=("auto", "batch", "instance"),
        default="auto",
        help="auto: as the weights say; instance: by the statistics of each picture also where it was "
        "trained with batch normalisation, as that repository's test.py does without --eval (try it if "
        "pictures come out grey or blotched)",
    )
    p.add_argument(
        "--side",
        type=int,
        default=256,
        metavar="N",
        help="pixels that it renders (256): a multiple of 256 for unet_256, of 16 for resnet_9blocks",
    )
    for name, rgb in zip(CLASS_NAMES, PALETTE_RGB.tolist(), strict=True):
        usual = "#{:02x}{:02x}{:02x}".format(*rgb)
        p.add_argument(
            f"--{name}",
            type=_colour,
            default=usual,
            metavar="#rrggbb",
            help=f"the colour of {name} on the maps that it was trained on ({usual})",
        )
    return p


def _name(text: str) -> str:
    if not is_city_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} can't be the name of a city; {CITY_NAME_RULE}")
    return text


def _colour(text: str) -> tuple[int, ...]:
    if not re.fullmatch("#?[0-9a-fA-F]{6}", text):
        raise argparse.ArgumentTypeError(f'{text!r} is not a colour as "#rrggbb"')
    return tuple(bytes.fromhex(text.removeprefix("#")))


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cities import`; returns the exit code, raises Fault for what a person can mend."""
    p = parser()
    args = p.parse_args(argv)
    if not 0.0 < args.metres < math.inf:
        p.error(f"--metres {args.metres} must be above 0")
    if (args.output / CARD).exists():
        raise InputFault(f"-o {args.output} holds a city set already; give another folder, or remove it")
    imported = read_generator(args.weights, args.norm)
    if args.side % imported.smallest or not imported.smallest <= args.side <= MAX_SIDE:
        p.error(
            f"--side {args.side} must be a multiple of {imported.smallest} up to {MAX_SIDE} for "
            f"{imported.architecture}"
        )
    make_folder(args.output, "-o")
    print(
        f"{args.weights}: {imported.architecture}, {imported.width} channels, norm {imported.norm}",
        flush=True,
    )
    colours: Colours = tuple(getattr(args, name) for name in CLASS_NAMES)
    title = args.title or args.name.replace("-", " ").title()
    card = write_set(
        imported,
        CityCard(args.name, title, args.data, args.licence, args.attribution),
        args.output,
        colours=colours,
        side=args.side,
        metres_per_pixel=args.metres,
        origin=args.weights,
    )
    print(f"{args.output}: {card.parameters / 1e6:.1f} M parameters, side {card.side}")
    print(f"See it: cities live --set small --set {args.output}")
    return 0
