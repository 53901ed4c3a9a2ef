"""A MIDI controller as a program: sends what it reads (a message in hexadecimal on each line), writes what
it is told, and is unplugged by the end of its input.

Arguments: its name, and "in" if it can be told anything.

It shares nothing with the show but the MIDI system, and uses no part of it.
"""

from __future__ import annotations

import sys
import threading

import rtmidi


def main(name: str, *directions: str) -> None:
    output = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
    output.open_virtual_port("out")
    if "in" in directions:
        # Under the same name, to which JACK adds a number.
        told = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=name, queue_size_limit=4096)
        told.open_virtual_port("in")
        over = threading.Event()
        writing = threading.Thread(target=write, args=(told, over), daemon=True)
        writing.start()
    print("plugged in", flush=True)
    for line in sys.stdin:
        output.send_message(bytes.fromhex(line))
    if "in" in directions:
        over.set()
        writing.join()
        told.delete()
    output.delete()


def write(told: rtmidi.MidiIn, over: threading.Event) -> None:
    while not over.wait(0.002):
        while (got := told.get_message()) is not None:
            print(bytes(got[0]).hex(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
