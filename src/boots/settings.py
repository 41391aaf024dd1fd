"""Settings: from ``boots.toml``, then ``BOOTS_*`` in the environment, then flags.

Every key is documented in ``docs/reference/settings.md``; a test holds the two together.
"""

import difflib
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec


class SettingsError(Exception):
    """The settings hold a mistake; the text says where, what, and what to write instead."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of the settings shares."""


class Dhcp(_Section, frozen=True):
    """``[dhcp]``."""

    mode: Literal["reservation", "proxy", "auto-proxy", "pool", "off"] = "reservation"
    port: int = 67
    proxy_port: int = 4011
    lease_time: int = 86_400
    netboot_lease_time: int = 300
    authoritative: bool = True
    shadow: bool = False
    probe: bool = True
    quirks: str = ""


class Subnet(_Section, frozen=True):
    """``[[subnets]]``."""

    network: str
    gateway: str = ""
    name_servers: list[str] = []
    ntp_servers: list[str] = []
    domain: str = ""
    search: list[str] = []
    lease_time: int = 0
    pool: list[str] = []
    options: dict[str, str | int] = {}


class Tftp(_Section, frozen=True):
    """``[tftp]``."""

    enabled: bool = True
    port: int = 69
    address: str = ""
    largest_block: int = 0
    single_port: bool = False


class Http(_Section, frozen=True):
    """``[http]``."""

    enabled: bool = True
    port: int = 8080
    url: str = ""
    trusted_proxies: list[str] = []
    https_port: int = 8443
    certificate: str = ""
    key: str = ""
    metrics: bool = True


class Syslog(_Section, frozen=True):
    """``[syslog]``."""

    enabled: bool = True
    port: int = 514
    address: str = ""


class Boot(_Section, frozen=True):
    """``[boot]``."""

    files: list[str] = []
    osie: str = "/var/lib/boots/osie"
    profile: str = "osie"
    profiles: str = ""
    kernel_args: list[str] = []
    override: list[str] = []
    unknown: str = "osie"
    user_class: str = ""
    mac_form: Literal["colons", "dashes", "dots", "plain"] = "colons"
    script_patch: str = ""
    loop_limit: int = 10
    loop_window: int = 3600
    retries: int = 5
    retry_delay: int = 2


class Iso(_Section, frozen=True):
    """``[iso]``."""

    enabled: bool = False
    url: str = ""
    placeholder: str = ""
    static_ipam: bool = False


class Metadata(_Section, frozen=True):
    """``[metadata]``."""

    enabled: bool = True
    by_address: bool = True


class Trace(_Section, frozen=True):
    """``[trace]``."""

    endpoint: str = ""


class Hook(_Section, frozen=True):
    """``[hook]``."""

    release: Literal["2025", "2026"] = "2026"
    url: str = ""
    kernel: str = "vmlinuz-{cpu}"
    initrd: str = "initramfs-{cpu}"
    syslog: str = ""
    grpc_authority: str = ""
    tls: bool = False
    insecure_tls: bool = False


class Log(_Section, frozen=True):
    """``[log]``."""

    form: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section, frozen=True):
    """All settings; the reference page says what each one means."""

    interfaces: list[str] = []
    machines: list[str] = []
    address: str = ""
    router_advertisements: bool = True
    journal: str = ""
    cache: str = ""
    state: str = ""
    subnets: list[Subnet] = []
    dhcp: Dhcp = Dhcp()
    tftp: Tftp = Tftp()
    http: Http = Http()
    syslog: Syslog = Syslog()
    boot: Boot = Boot()
    iso: Iso = Iso()
    metadata: Metadata = Metadata()
    hook: Hook = Hook()
    trace: Trace = Trace()
    log: Log = Log()

    @property
    def lacks_records(self) -> bool:
        """Whether no records are named, in a mode that answers nobody without one."""
        return not self.machines and self.dhcp.mode not in {"auto-proxy", "pool"}


# What each key means: the reference page is made from this, and a test misses what is missing.
MEANINGS: Mapping[str, str] = {
    "interfaces": "The interfaces to answer on. Boots speaks on no other.",
    "machines": "Record files, or directories of them. Changes are taken up as they are saved.",
    "address": "Our address as clients should use it, where it is not the interface's own.",
    "router_advertisements": "Answer the router solicitations of machines that may boot,"
    " with an advertisement that offers nothing: iPXE then does not wait 4 to 16 s for IPv6.",
    "journal": "A file to which every event is appended as a line of JSON.",
    "cache": "The directory that holds parsed records between starts."
    " Empty: `records` in systemd's cache directory, or `~/.cache/boots/records`.",
    "state": "The directory for what must outlast a restart: leases, the key of metadata tokens."
    " Empty: systemd's state directory, or `~/.local/state/boots`.",
    "subnets": "Networks with machines in them: a table each, `[[subnets]]`;"
    " the reference page has their keys.",
    "dhcp.mode": "How DHCP is answered: `reservation` (machines with a record get their address),"
    " `proxy` (boot answers beside somebody else's DHCP server), `auto-proxy` (for machines without"
    " a record, too), `pool` (as `reservation`, and leases for machines without a record), `off`.",
    "dhcp.shadow": "Make every answer, tell it, compare it with what another server sends,"
    " and send nothing.",
    "dhcp.authoritative": "Whether nobody else gives addresses here: then a client that asks for"
    " a wrong one is told so at once.",
    "dhcp.netboot_lease_time": "Seconds a ROM or iPXE gets a pool address for;"
    " the system it loads gets `dhcp.lease_time`.",
    "dhcp.probe": "Whether pool addresses are probed by ARP before they are given out.",
    "dhcp.proxy_port": "The port for boot questions alone, in the proxy modes; clients use 4011.",
    "dhcp.quirks": "A file, or a folder, of quirks of your own; they win over those we ship.",
    "dhcp.port": "The port DHCP is heard on; clients and relays use 67.",
    "dhcp.lease_time": "Seconds an address is given for, where the record does not say.",
    "tftp.enabled": "Whether TFTP is served.",
    "tftp.port": "The port TFTP is heard on. PXE ROMs know only 69.",
    "tftp.address": "The TFTP server clients are sent to, where it is not this one.",
    "tftp.largest_block": "The largest block in bytes; 0 takes what fits the interface's MTU."
    " Lower it where the way to the clients has a smaller MTU than its ends.",
    "tftp.single_port": "Whether transfers leave from the port they were asked at, for networks"
    " that let no other through; more costly than a port for each.",
    "http.enabled": "Whether scripts and files are served over HTTP.",
    "http.port": "The port HTTP is heard on.",
    "http.url": "The URL clients find us at, where it is not `http://ADDRESS:PORT`.",
    "http.trusted_proxies": "Networks of reverse proxies whose `X-Forwarded-For` is believed.",
    "http.https_port": "The port HTTPS is heard on, if there is a certificate.",
    "http.certificate": "A PEM file with the server's certificate and those above it.",
    "http.key": "A PEM file with the certificate's key.",
    "http.metrics": "Whether `/metrics` is served, for Prometheus.",
    "syslog.enabled": "Whether machines' syslog lines are taken, and they are told to send them.",
    "syslog.port": "The port syslog is heard on.",
    "syslog.address": "The syslog server machines are told of, where it is not this one.",
    "boot.files": "Folders of boot files of your own, with all that is below them;"
    " they win over the packages'.",
    "boot.osie": "The folder with OSIE's kernel and initramfs (`boots osie build`).",
    "boot.profile": "The profile of machines whose record names none.",
    "boot.profiles": "A folder of profiles of your own.",
    "boot.kernel_args": "Kernel arguments for every profile, after the profile's own.",
    "boot.override": "Boot files for architectures, in place of those of the ladder:"
    " `x64-uefi=shimx64.efi`, or by the number of option 93, `7=ipxe.efi`.",
    "boot.unknown": "The profile of machines without a record, in the modes `pool` and"
    " `auto-proxy`; empty: nothing to boot.",
    "boot.user_class": "The user class of the only iPXE that gets the script; any other is given"
    " a boot file first. Empty: every iPXE will do.",
    "boot.mac_form": "How the MAC is written in the URLs of boot files:"
    " `colons`, `dashes`, `dots` or `plain`.",
    "boot.script_patch": "Text for the place that Tinkerbell's builds of iPXE leave for it"
    " in their embedded script.",
    "boot.loop_limit": "How many scripts a machine gets in a row without anything coming of them;"
    " 0 for any number.",
    "boot.loop_window": "Seconds after which a held machine may try again.",
    "boot.retries": "How often a script tries a failed download again.",
    "boot.retry_delay": "Seconds between two tries.",
    "iso.enabled": "Whether the ISO endpoint `/iso/MAC/NAME.iso` is served.",
    "iso.url": "The ISO it hands out, where the record names none.",
    "iso.placeholder": "The text in the ISO that is overwritten; empty: HookOS's own.",
    "iso.static_ipam": "Whether `ipam=` with the machine's address is among what is written there.",
    "metadata.enabled": "Whether machines' metadata is served, as cloud-init reads it.",
    "metadata.by_address": "Whether a machine's address alone opens its metadata,"
    " as EC2's paths need; else only the URL with its token does.",
    "trace.endpoint": "An OpenTelemetry collector (OTLP over HTTP) for traces of boots.",
    "hook.release": "Whose kernel arguments Tinkerbell's in-memory OS gets: those of Smee `2025`"
    " or of Tinkerbell `2026`.",
    "hook.url": "Where that OS is fetched, where the record does not say; empty: our own `osie/`.",
    "hook.kernel": "The name of its kernel there.",
    "hook.initrd": "The name of its initramfs there.",
    "hook.syslog": "The syslog server it is told of, where it is not `syslog.address`;"
    " may be a name.",
    "hook.grpc_authority": "`host:port` of the Tink server, for Tinkerbell's in-memory OS.",
    "hook.tls": "Whether that OS speaks TLS to the Tink server.",
    "hook.insecure_tls": "Whether it does so without checking certificates.",
    "log.form": "How the log is written: `console` for people, `json` for machines.",
    "log.level": "The least grave lines that are logged: debug, info, warning, error.",
}

# Numbers that must lie within bounds: port 0 lets the kernel choose, which tests use.
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "dhcp.port": (0, 65_535),
    "tftp.port": (0, 65_535),
    "http.port": (0, 65_535),
    "syslog.port": (0, 65_535),
    "dhcp.lease_time": (60, 0xFFFFFFFF),
    "dhcp.netboot_lease_time": (60, 0xFFFFFFFF),
    "dhcp.proxy_port": (0, 65_535),
    "http.https_port": (0, 65_535),
    "boot.loop_limit": (0, 100_000),
    "boot.loop_window": (1, 31_536_000),
    "tftp.largest_block": (0, 65_464),
    "boot.retries": (0, 1000),
    "boot.retry_delay": (0, 600),
}


def all_keys(
    kind: type[msgspec.Struct] = Settings, head: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Every key as ``section.name``, its type and its default."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from all_keys(field.type, f"{head}{field.name}.")
        else:
            default = [] if field.default is msgspec.NODEFAULT else field.default
            yield f"{head}{field.name}", field.type, default


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, Any],
    beneath: Mapping[str, Any] = MappingProxyType({}),
) -> Settings:
    """The settings in force; `flags` holds values by key, None where a flag was not given.

    `beneath` holds values by key that everything else wins over.
    Paths within the file are taken from the file's own directory.

    Raises:
        SettingsError: an unknown key, a value of the wrong kind, a file that cannot be read.
    """
    values = dict(beneath)
    values.update(_from_file(file) if file is not None else ())
    values.update(_from_environment(environment))
    values.update({key: value for key, value in flags.items() if value is not None})
    settings = of_keys(values)
    _check(settings)
    return settings


def of_keys(values: Mapping[str, Any]) -> Settings:
    """Settings from values by key, like ``dhcp.port``; what is not named has its default."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    return msgspec.convert(nested, Settings)


def value_of(settings: Settings, key: str) -> Any:
    """The value of one key, like ``dhcp.port``."""
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)


def _from_file(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        table = tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    for key, value in _flat(table):
        yield key, _anchored(key, _convert(key, value, str(file)), file.parent)


def _flat(table: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{name}.")
        else:
            yield f"{head}{name}", value


_PATHS = {
    *("machines", "journal", "cache", "state", "dhcp.quirks", "http.certificate", "http.key"),
    *("boot.files", "boot.osie", "boot.profiles"),
}


def _anchored(key: str, value: Any, directory: Path) -> Any:
    """A relative path in a file means: beside that file."""
    if key not in _PATHS or value in ("", []):
        return value
    if isinstance(value, list):
        return [str(directory / each) for each in value]
    return str(directory / value)


_NOT_SETTINGS = {"BOOTS_CONFIG"}  # names the settings' own file


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    names = {f"BOOTS_{key.replace('.', '_').upper()}": (key, kind) for key, kind, _ in all_keys()}
    for name, text in environment.items():
        if not name.startswith("BOOTS_") or name in _NOT_SETTINGS or name.startswith("BOOTS_LAB_"):
            continue
        if name not in names:
            raise SettingsError(f"environment: no setting is named {name}{_near(name, names)}")
        key, kind = names[name]
        value: Any = text
        if kind == list[str]:
            value = [part for part in text.split(",") if part]
        elif kind is bool and text.lower() in {"true", "false"}:
            value = text.lower() == "true"
        elif kind is int and text.isdigit():
            value = int(text)
        yield key, _convert(key, value, f"environment, {name}")


def _convert(key: str, value: Any, where: str) -> Any:
    kinds = {name: kind for name, kind, _ in all_keys()}
    if key not in kinds:
        raise SettingsError(f'{where}: no setting is named "{key}"{_near(key, kinds)}')
    kind = kinds[key]
    if kind == list[str] and isinstance(value, str):
        value = [value]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if kind == list[Subnet]:
            raise SettingsError(f"{where}: [[{key}]]: {error}") from None
        raise SettingsError(f"{where}: {key} = {value!r} will not do; {_wanted(kind)}") from None


def _wanted(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return f"write one of {', '.join(typing.get_args(kind))}"
    words = {bool: "write true or false", int: "write a whole number", str: 'write "text"'}
    return words.get(kind, 'write a list, like ["one", "two"]')


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""


def trusted_proxies(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of ``http.trusted_proxies``; an address is a network of its own.

    Raises:
        SettingsError: one cannot be read.
    """
    found = []
    for text in settings.http.trusted_proxies:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            raise SettingsError(
                f'http.trusted_proxies: "{text}" will not do;'
                " write a network like 10.0.0.0/8, or an address"
            ) from None
    return tuple(found)


_PLAIN_URL = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")


def _check(settings: Settings) -> None:
    for key, (least, most) in _BOUNDS.items():
        value = value_of(settings, key)
        if not least <= value <= most:
            raise SettingsError(f"{key} = {value} is out of range; write {least} to {most}")
    for key, text in (
        ("address", settings.address),
        ("tftp.address", settings.tftp.address),
        ("syslog.address", settings.syslog.address),
    ):
        try:
            if text:
                IPv4Address(text)
        except ValueError:
            raise SettingsError(f'{key} = "{text}" is no IPv4 address') from None
    url = settings.http.url
    if url and not (url.startswith(("http://", "https://")) and _PLAIN_URL.fullmatch(url)):
        raise SettingsError(f'http.url = "{url}" will not do; write it like http://boots.example')
