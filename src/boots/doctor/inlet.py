"""Has this host take a frame as if it had arrived on an interface.

What a packet socket sends leaves by the wire, and no program of this host hears it.  A tap does
what no wire does: what is written to it arrives, and a rule of the kernel's traffic control makes
it arrive on the interface instead (mirred, ingress).  The tap and its rule are gone with its
descriptor, however we end; the interface itself is not touched.
"""

import fcntl
import os
import struct
from types import TracebackType
from typing import Self

from pyroute2 import IPRoute  # type: ignore[import-untyped]
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]

from boots.doctor.errors import DoctorError

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_TAP_WITHOUT_HEADER = 0x0002 | 0x1000
_INGRESS = 0xFFFF0000  # TC_H_INGRESS, where filters of what arrives hang
_EVERY_PROTOCOL = 3
_NAME = "boots-doc%d"  # the kernel puts a number in


class Inlet:
    """Frames for `interface`, as from its wire.

    Raises:
        DoctorError: that needs CAP_NET_ADMIN, or a kernel with tun, cls_u32 and act_mirred.
    """

    def __init__(self, interface: str) -> None:
        try:
            self._tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise DoctorError(f"a tap cannot be made: {error.strerror}") from None
        try:
            wanted = struct.pack("16sH22x", _NAME.encode(), _TAP_WITHOUT_HEADER)
            made = fcntl.ioctl(self._tap, _TUNSETIFF, wanted)
            _redirect(made[:16].rstrip(b"\0").decode(), interface)
        except (OSError, NetlinkError) as error:
            os.close(self._tap)
            raise DoctorError(f"a tap cannot be led to {interface}: {error}") from None

    def put(self, frame: bytes) -> None:
        """Let this frame arrive."""
        os.write(self._tap, frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._tap)


def _redirect(tap: str, interface: str) -> None:
    with IPRoute() as ip:
        (near,), (far,) = ip.link_lookup(ifname=tap), ip.link_lookup(ifname=interface)
        ip.link("set", index=near, state="up")
        ip.tc("add", "ingress", near)
        led = {"kind": "mirred", "direction": "ingress", "action": "redirect", "ifindex": far}
        ip.tc(
            "add-filter",
            "u32",
            near,
            parent=_INGRESS,
            protocol=_EVERY_PROTOCOL,
            keys=["0x0/0x0+0"],
            target=0,
            action=[led],
        )
