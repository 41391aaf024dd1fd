"""Redfish, by sushy: only to the BMC that was named, and over TLS."""

import ssl
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import requests
import sushy
from requests.adapters import HTTPAdapter
from sushy.auth import BasicAuth, SessionOrBasicAuth
from sushy.connector import Connector
from sushy.resources.system.system import System

from boots.bmc.faults import Elsewhere, told
from boots.bmc.words import Action, State, Trouble
from boots.model.bmc import Address, Bmc, NetworkBoot, address

_STATES = {sushy.PowerState.ON: State.ON, sushy.PowerState.OFF: State.OFF}
_WHEN_ON = (sushy.ResetType.POWER_CYCLE, sushy.ResetType.FORCE_RESTART)
_WHEN_OFF = (sushy.ResetType.ON, sushy.ResetType.FORCE_ON)
_BOOTS = {
    NetworkBoot.PXE: (sushy.BootSource.PXE, None),
    NetworkBoot.UEFI_PXE: (sushy.BootSource.PXE, sushy.BootSourceOverrideMode.UEFI),
    NetworkBoot.UEFI_HTTP: (sushy.BootSource.UEFI_HTTP, sushy.BootSourceOverrideMode.UEFI),
}


class _Here(HTTPAdapter):
    """Lets requests to one server through, and those of redirects and links to others not."""

    def __init__(self, at: Address) -> None:
        self._only = ("https", at.host.lower(), at.port)
        super().__init__()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As its parent.

        Raises:
            Elsewhere: this would go to another server.
        """
        parts = urlsplit(request.url)
        if (parts.scheme, parts.hostname, parts.port or 443) != self._only:
            raise Elsewhere
        return super().send(request, *args, **kwargs)


class _Connector(Connector):  # type: ignore[misc]  # sushy has no types
    """A connection to one BMC, which no variable of the environment leads past it."""

    def __init__(self, origin: str, at: Address, bmc: Bmc, seconds: float) -> None:
        super().__init__(
            origin,
            verify=_trust(bmc),
            server_side_retries=1,  # of the library's own three; a person may ask again
            server_side_retries_delay=1,
            default_request_timeout=seconds,
        )
        self._session.trust_env = False
        self._session.mount("https://", _Here(at))
        self._session.mount("http://", _Here(at))


def control(bmc: Bmc, action: Action | None, seconds: float) -> State:
    """As `boots.bmc.control.control`, here and now; `seconds` is for each answer.

    Raises:
        Trouble: it cannot be done.
    """
    at = address(bmc.url)
    origin = f"https://[{at.host}]:{at.port}" if ":" in at.host else f"https://{at.host}:{at.port}"
    opener = SessionOrBasicAuth if bmc.username else BasicAuth
    try:
        with (
            closing(_Connector(origin, at, bmc, seconds)) as connector,
            opener(bmc.username, bmc.password) as auth,
        ):
            root = sushy.Sushy(origin, auth=auth, connector=connector)
            root._auth = None  # noqa: SLF001  # else it logs out again as it goes
            return _done(_system(root, at), bmc, action)
    except (sushy.exceptions.SushyError, requests.RequestException, OSError) as error:
        raise told(error, at, seconds) from None


def _system(root: Any, at: Address) -> System:
    """The system that is named, or the only one."""
    if at.system:
        try:
            return root.get_system(at.system)
        except sushy.exceptions.ResourceNotFoundError:
            problem = f"{at.host} has no system {at.system}"
            raise Trouble(problem, _choice(_systems(root))) from None
    systems = _systems(root)
    if len(systems) != 1:
        problem = f"{at.host} has {len(systems) or 'no'} systems, and the URL names none"
        raise Trouble(problem, _choice(systems))
    return root.get_system(systems[0])


def _systems(root: Any) -> list[str]:
    return [str(path) for path in root.get_system_collection().members_identities]


def _choice(systems: list[str]) -> str:
    return f"write one of {', '.join(systems[:8])}" if systems else "look at the BMC itself"


def _done(system: System, bmc: Bmc, action: Action | None) -> State:
    match action:
        case None:
            return _state(system)
        case Action.ON:
            if _state(system) is not State.ON:
                _reset(system, _WHEN_OFF)
        case Action.OFF:
            if _state(system) is not State.OFF:
                _reset(system, (sushy.ResetType.FORCE_OFF,))
        case Action.CYCLE | Action.NETBOOT:
            if action is Action.NETBOOT:
                _from_network(system, bmc.boot)
            _reset(system, _WHEN_OFF if _state(system) is State.OFF else _WHEN_ON)
    system.refresh(force=True)
    return _state(system)


def _state(system: System) -> State:
    return _STATES.get(system.power_state, State.UNKNOWN)


def _reset(system: System, wanted: tuple[sushy.ResetType, ...]) -> None:
    """Reset it in the first of these ways that it knows."""
    known = system.get_allowed_reset_system_values()
    way = next((each for each in wanted if each in known), None)
    if way is None:
        problem = f"the BMC knows no {' or '.join(each.value for each in wanted)}"
        raise Trouble(problem, "switch the machine by hand")
    system.reset_system(way)


def _from_network(system: System, boot: NetworkBoot) -> None:
    target, mode = _BOOTS[boot]
    if target not in system.get_allowed_system_boot_source_values():
        problem = f"the BMC cannot have the machine boot by {target.value}"
        raise Trouble(problem, f"write another boot than {boot.value} in the record")
    system.set_system_boot_options(target, sushy.BootSourceOverrideEnabled.ONCE, mode)


def _trust(bmc: Bmc) -> bool | str:
    """By which certificates: the file that is named, else those of this system."""
    if not bmc.verify:
        return False
    if bmc.authority:
        try:
            ssl.create_default_context(cafile=bmc.authority)
        except OSError as error:
            problem = f"no certificate can be read from {bmc.authority}: {error.strerror or error}"
            raise Trouble(problem, "let verify: name a file in PEM's form") from None
        return bmc.authority
    own = ssl.get_default_verify_paths()
    return own.cafile or own.capath or True
