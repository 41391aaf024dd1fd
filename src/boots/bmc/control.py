"""What everybody calls: how a machine's power is, and to switch it.

BMCs are slow and odd, and so is what talks to them: the libraries keep threads, sockets and
sessions for as long as a process lives, and wait longer than anybody wants to in more places than
can be told not to.  So each call is a process of its own, which is ended when its time is up.  It
costs a third of a second; a server starts in milliseconds and needs the memory of neither library.
"""

import subprocess
import sys

import msgspec

from boots.bmc.words import Action, Outcome, State, Trouble, Wish
from boots.model.bmc import Bmc

ANSWER = 10.0
"""Seconds to wait for a connection or an answer."""
WHOLE = 30.0
"""Seconds for all of it: the slowest BMCs take some for each of half a dozen answers."""

_WORKER = [sys.executable, "-P", "-m", "boots.bmc.worker"]


def power(bmc: Bmc) -> State:
    """How the power is.  Blocks, as `control`."""
    return control(bmc)


def switch(bmc: Bmc, action: Action) -> State:
    """Do something to the power.  Blocks, as `control`."""
    return control(bmc, action)


def control(
    bmc: Bmc, action: Action | None = None, *, answer: float = ANSWER, whole: float = WHOLE
) -> State:
    """Do something to the power, or with no action nothing; what the BMC says of it right then.

    Machines take some seconds: one that was just turned on may still be said to be off.
    Blocks for `whole` seconds at most, so call it in a thread.

    Raises:
        Trouble: it cannot be done, or there was no answer; `OFF` may then be done all the same.
    """
    wish = Wish(bmc=bmc, action=action, seconds=answer)
    try:
        done = subprocess.run(  # noqa: S603  # a module of this room
            _WORKER,
            input=msgspec.json.encode(wish),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=whole,
            check=True,
        )
        outcome = msgspec.json.decode(done.stdout, type=Outcome)
    except subprocess.TimeoutExpired:
        problem = f"the BMC did not get it done within {whole:.0f} seconds"
        raise Trouble(problem, "ask for its state in a while, or look at the BMC itself") from None
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError):
        problem = "the program that talks to BMCs failed"
        raise Trouble(problem, "check memory and limits of the server, then report it") from None
    if outcome.problem:
        raise Trouble(outcome.problem, outcome.advice)
    return outcome.state
