"""The program that becomes a container's: processes and mounts of its own, another root.

It is started as ``python3 -m boots_agent.oci.jail`` and reads what it is to become as JSON.
"""

import json
import os
import signal
import sys
from typing import Any

from boots_agent import kernel

_NOT_FOUND, _NOT_ALLOWED, _KILLED = 127, 126, 128


def main() -> int:
    """Start it in namespaces of its own, and end as it does."""
    wanted = json.loads(sys.stdin.buffer.read())
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_PIDS)
    # Whatever it mounts is gone with it, and seen by nobody else.
    kernel.mount("", "/", "", kernel.PRIVATE | kernel.REC)
    pid = os.fork()  # the first process of the new namespace: with it all others end
    if not pid:
        os._exit(_become(wanted))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return _KILLED - code if code < 0 else code


def _become(wanted: dict[str, Any]) -> int:
    """Become the program; returns only where that cannot be."""
    words = wanted["words"]
    try:
        kernel.die_with_parent(signal.SIGKILL)
        kernel.mount("proc", f"{wanted['root']}/proc", "proc")
        os.chroot(wanted["root"])
        os.chdir("/")
        os.makedirs(wanted["folder"], exist_ok=True)  # noqa: PTH103  # of another root
        os.chdir(wanted["folder"])
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        os.setgroups([])
        os.setgid(wanted["group"])
        os.setuid(wanted["user"])
        kernel.die_with_parent(signal.SIGKILL)  # credentials that change clear it (prctl(2))
        os.execvpe(words[0], words, wanted["environment"])  # noqa: S606  # no shell is wanted
    except FileNotFoundError:
        print(f"there is no program {words[0]} in the container", flush=True)
        return _NOT_FOUND
    except OSError as error:
        print(f"{words[0]} cannot be run: {error}", flush=True)
    return _NOT_ALLOWED


if __name__ == "__main__":
    sys.exit(main())
