"""MIDI: controllers steer the show by their knobs, pads and faders, and show on them what stands.

    desk        a client of the hub, with a thread of its own; the rest is for that thread
    rack        the controllers that are plugged in now, and those that come and go
    school      where they are taught, as the show asks for it
    controller  one of them: its ports, and what is known of its knobs

    ports       the machine's MIDI system, its ports and their names
    inbox       what came in since the last look, so that a flood can't grow it
    store       what they were taught, on disk: midi.toml

and without time, ports or files:

    sources     what a message is about: a knob, a pad, a fader, and where it stands
    mapping     from there to a control, by a binding; with encoders and takeover
    learning    which binding a performer means who touches a control and moves a knob
    feedback    from what a control stands at to lights and motors
    tempo, showcontrol    MIDI clock and MIDI Show Control
"""
