"""What ``/healthcheck`` shows."""

import time

from boots import __version__
from boots.app.world import World


def alive(started: float, world: World) -> object:
    """Version, time since the start (in seconds since 1970) and how many machines are known."""
    up = time.time() - started
    return {
        "version": __version__,
        "git_rev": __version__,  # these two as Tinkerbell's monitoring reads them
        "uptime_seconds": f"{up:.2f}",
        "uptime": round(up, 3),
        "machines": len(world.index.machines),
    }
