"""Settings of the whole test run."""

from __future__ import annotations

from hypothesis import settings

# No test judges how fast the machine is.
settings.register_profile("cities", deadline=None)
settings.load_profile("cities")
