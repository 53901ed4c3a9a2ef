"""MIDI: controllers steer the show by their knobs, pads and faders, and show on them what stands.

ports       the machine's MIDI system, its ports and their names
inbox       what came in since the last look, so that a flood can't grow it
sources     what a message is about: a knob, a pad, a fader, and where it stands
mapping     from there to a control, by a binding; with encoders and takeover
learning    which binding a performer means who touches a control and moves a knob
store       the bindings on disk, midi.toml
feedback    from what a control stands at to lights and motors
tempo, showcontrol    MIDI clock and MIDI Show Control
desk        all of it on a thread of its own, as a client of the hub
"""
