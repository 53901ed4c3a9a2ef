"""Where pictures go: the projector's window, a headless output that is its equal, and a recording.

Set here because it must be set before anything of this package imports pygame: without it pygame prints
a banner, which would stand in the middle of `cities list --json`.
"""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
