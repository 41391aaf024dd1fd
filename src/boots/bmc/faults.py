"""What goes wrong on the way to a BMC by Redfish, in words that say what to do."""

import errno
import socket
import ssl
from collections.abc import Iterator

import requests
from sushy import exceptions

from boots.bmc.words import Trouble
from boots.model.bmc import Address

_NETWORK = "check its address, its cable, and the way to its network"
_RECORD = "check username and password_file in the record"
_URL = "check that the URL is that of a BMC that speaks Redfish"
_TRUST = (
    "write verify: and the file of the certificate that signed it,"
    " or verify: false in a network that you trust"
)
_LONGEST = 200  # characters of what a BMC says


class Elsewhere(requests.RequestException):
    """A BMC named another server, which must not get what opens this one."""


def told(error: BaseException, at: Address, seconds: float) -> Trouble:
    """An error of sushy's, or of what it stands on, for people."""
    for each in _chain(error):
        found = _on_the_way(each, at, seconds)
        if found is not None:
            return Trouble(*found)
    return Trouble(*_in_the_answer(error, at))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it came of, the first of them first."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left and len(seen) < 50:
        each = left.pop()
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            left += [each.__context__, each.__cause__]
    return reversed(seen)


def _on_the_way(error: BaseException, at: Address, seconds: float) -> tuple[str, str] | None:
    host = at.host
    match error:
        case Elsewhere():
            return (
                f"{host} sends us to another server, which gets no password of ours",
                "write the URL of the BMC itself",
            )
        case ssl.SSLCertVerificationError():
            why = error.verify_message.rstrip(".")
            return f"the certificate of {host} is not trusted: {why}", _TRUST
        case ssl.SSLError():
            why = (error.reason or "no TLS").lower().replace("_", " ")
            advice = "check the port, and which TLS the BMC is set to"
            return f"{host} speaks no TLS on port {at.port} that is known here: {why}", advice
        case socket.gaierror():
            return f'nobody knows the name "{host}"', "check its spelling, or write the address"
        case ConnectionRefusedError():
            advice = "check the port, and that Redfish is switched on in the BMC"
            return f"{host} refuses connections on port {at.port}", advice
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return f"there is no way to {host}", _NETWORK
        case requests.ConnectTimeout():
            return f"{host} did not answer within {seconds:.0f} seconds", _NETWORK
        case requests.ReadTimeout():
            return (
                f"{host} took the connection and said nothing for {seconds:.0f} seconds",
                "ask again; restart the BMC if that goes on",
            )
    return None


def _in_the_answer(error: BaseException, at: Address) -> tuple[str, str]:
    host = at.host
    match error:
        case exceptions.AccessError(status_code=403):
            advice = "give it the rights of an operator in the BMC"
            return f"{host} does not let this user do that", advice
        case exceptions.AccessError():
            return f"{host} refuses the user name or the password", _RECORD
        case exceptions.ResourceNotFoundError():
            return f"{host} speaks no Redfish there", _URL
        case exceptions.HTTPError():
            said = " ".join(str(error.detail or f"status {error.status_code}").split())
            return f"{host} refuses it: {said[:_LONGEST]}", "ask again, or look at the BMC itself"
        case exceptions.ConnectionError():
            return f"{host} broke the connection", "ask again; check the port"
    return f"{host} says what is no Redfish", _URL
