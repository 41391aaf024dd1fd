"""IPMI over the network, by pyghmi: version 2.0, and what each vendor has alike."""

import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyghmi.exceptions import IpmiException
from pyghmi.ipmi.command import Command
from pyghmi.ipmi.private.session import Session

from boots.bmc.words import Action, State, Trouble
from boots.model.bmc import Bmc, NetworkBoot, address

_CHASSIS = 0  # the network function
_STATUS, _CONTROL = 1, 2  # its commands, and what can be done (IPMI 2.0, 28.2 and 28.3)
_OFF, _ON, _CYCLE, _RESET = 0, 1, 2, 3
_NOT_KNOWN = {0xC1, 0xC9, 0xCC, 0xD5, 0xD6}  # completion codes (table 5-2)

_NETWORK = (
    "check its address, its cable, that IPMI over LAN is switched on in it, and the user name:"
    " some say nothing to users that they do not know"
)
_RECORD = "check username and password_file in the record"
# What pyghmi's errors hold: its own words, and those of the specification (table 13-15).
_TOLD: Mapping[str, tuple[str, str]] = {
    "Insufficient resources": ("has no session left", "ask again in a minute"),
    "None": ("does not answer", _NETWORK),  # all it says of a session that it could not begin
    "timeout": ("does not answer", _NETWORK),
    "timed out": ("does not answer", _NETWORK),
    "No answer": ("does not answer", _NETWORK),
    "password": ("refuses the password", _RECORD),
    "Unauthorized name": ("knows no such user", _RECORD),
    "Invalid role": ("does not let this user in over the network", _RECORD),
    "rivilege": (
        "does not let this user do that",
        "give it the rights of an operator in the BMC",
    ),
    "Session": ("broke off", "ask again; restart the BMC if that goes on"),
    "ipher": ("agrees to no cipher suite", "allow cipher suite 3 or 17 in the BMC"),
}


_SHA1, _SHA256 = 1, 256  # as the wire has the one, and pyghmi the other
_NO_SUITE = 0x11
_opened = Session._got_rmcp_response  # noqa: SLF001


def _as_refused(session: Session, data: bytearray) -> int | None:
    """The answer to a session's opening, as it should be (IPMI 2.0, 13.18).

    Some BMCs, virtualbmc among them, take SHA-1 where SHA-256 alone was proposed.  pyghmi reads
    on as if they had taken that; to those that refuse it, it proposes SHA-1 next.
    """
    if session.attemptedhash == _SHA256 and len(data) > 16 and data[16] == _SHA1:
        data = bytearray(data)
        data[1] = data[1] or _NO_SUITE
    answer: int | None = _opened(session, data)
    return answer


Session._got_rmcp_response = _as_refused  # noqa: SLF001


def control(bmc: Bmc, action: Action | None, seconds: float) -> State:
    """As `boots.bmc.control.control`, here and now.

    `seconds` are for the session, and again for the rest.  Only for the main thread of a process.

    Raises:
        Trouble: it cannot be done.
    """
    at = address(bmc.url)
    if action is Action.NETBOOT and bmc.boot is NetworkBoot.UEFI_HTTP:
        problem = "IPMI has no word for a boot by HTTP"
        raise Trouble(problem, "write boot: uefi-pxe in the record, or a Redfish URL")
    try:
        with _within(seconds):
            command = Command(bmc=at.host, userid=bmc.username, password=bmc.password, port=at.port)
        try:
            with _within(seconds):
                return _done(command, bmc, action)
        finally:
            command.ipmi_session.logout()
    except IpmiException as error:
        raise _told(error, at.host) from None
    except TimeoutError:
        raise Trouble(f"{at.host} does not answer", _NETWORK) from None
    except socket.gaierror:
        problem = f'nobody knows the name "{at.host}"'
        raise Trouble(problem, "check its spelling, or write the address") from None
    except OSError as error:
        problem = f"there is no way to {at.host}: {error.strerror or error}"
        raise Trouble(problem, _NETWORK) from None


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """An end to waiting: pyghmi asks on and on where a BMC falls silent halfway.

    Raises:
        TimeoutError: the time is up.
    """

    def over(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _done(command: Command, bmc: Bmc, action: Action | None) -> State:
    if action is None:
        return _state(command)
    if action is Action.NETBOOT:
        command.set_bootdev("network", uefiboot=bmc.boot is NetworkBoot.UEFI_PXE)
    state = _state(command)
    match action, state:
        case Action.ON, State.ON:
            pass
        case Action.OFF, _:
            _do(command, _OFF)
        case _, State.OFF:
            _do(command, _ON)
        case _:
            _cycle(command)
    return _state(command)


def _state(command: Command) -> State:
    status = command.xraw_command(netfn=_CHASSIS, command=_STATUS)["data"]
    return State.ON if status[0] & 1 else State.OFF


def _do(command: Command, what: int) -> None:
    command.xraw_command(netfn=_CHASSIS, command=_CONTROL, data=(what,))


def _cycle(command: Command) -> None:
    """Off and on; where the BMC has no such thing, which it need not, a reset."""
    try:
        _do(command, _CYCLE)
    except IpmiException as error:
        if error.ipmicode not in _NOT_KNOWN:
            raise
        _do(command, _RESET)


def _told(error: IpmiException, host: str) -> Trouble:
    said = " ".join(str(error).split())
    for word, (problem, advice) in _TOLD.items():
        if word in said:
            return Trouble(f"{host} {problem}", advice)
    return Trouble(f"{host} refuses it: {said[:200]}", "ask again, or look at the BMC itself")
