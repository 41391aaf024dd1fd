"""The switch that a machine of the lab is plugged into, as far as it says who it is."""

import contextlib
import threading
from collections.abc import Iterator
from socket import AF_PACKET, SOCK_RAW, socket

_EVERY = 1.0  # seconds; real switches take 30


@contextlib.contextmanager
def announcing(port: str, frame: bytes) -> Iterator[None]:
    """Have a frame leave by a port, straight to the machine behind it, again and again.

    A bridge passes no LLDP on, so it is the tap that says it.
    """
    over = threading.Event()
    with socket(AF_PACKET, SOCK_RAW, 0) as mouth:
        mouth.bind((port, 0))

        def speak() -> None:
            while not over.wait(_EVERY):
                with contextlib.suppress(OSError):  # nobody is plugged in yet, or any more
                    mouth.send(frame)

        thread = threading.Thread(target=speak, name="switch")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
