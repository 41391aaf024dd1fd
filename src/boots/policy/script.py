"""iPXE scripts: what a profile comes to for one machine, as text that no value can bend.

iPXE splits a line at white space and has no quoting: ``||``, ``&&``, ``;`` and a word that begins
with ``#`` end a command, ``${`` begins a setting, a newline begins a new command, a backslash
before it takes it away, a first word with a dash is an option.  So a value either is free of all
these or is refused; there is nothing to escape with (`word`, `words`).
"""

import re
from urllib.parse import quote, unquote

from boots.model.mac import dashed
from boots.model.machine import Known
from boots.model.site import Profile, Site
from boots.policy.path import URL_SAFE, leads_back

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_ENDS_COMMAND = frozenset({"||", "&&", ";"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MAGIC = re.compile(r"#!ipxe\s")
# Time to read the screen.  With plain "exit" UEFI ends in its own menu; 1 sends it to the next
# boot device.
_GIVE_UP = "sleep 10\nexit 1\n"


class Unwritable(ValueError):
    """A value cannot stand in a script, or the profile cannot be found; the text says which."""


def word(text: str, what: str) -> str:
    """`text` as one word of a command.

    Raises:
        Unwritable: it is empty, has white space or control characters, or means something to iPXE.
    """
    fit = _PRINTABLE.fullmatch(text) and text not in _ENDS_COMMAND
    if not fit or text.startswith("#") or text.endswith("\\") or "${" in text:
        raise Unwritable(f"{what} {text!r} cannot stand in an iPXE script")
    return text


def words(text: str, what: str) -> list[str]:
    """`text` as words; blanks between them are the only white space allowed.

    Raises:
        Unwritable: as `word`, for any of them.
    """
    return [word(part, what) for part in text.split(" ") if part]


def render(known: Known, site: Site, base: str) -> tuple[str, str]:
    """The script for a machine, and the name of the profile it comes from.

    `base` is the URL below which this machine finds the site's files.

    Raises:
        Unwritable: a value of the record or the settings cannot stand in a script, or the
            record names a profile that does not exist.
    """
    netboot = known.interface.netboot
    if netboot.script:
        return _own(netboot.script), "script"
    if netboot.script_url and not leads_back(netboot.script_url, site):
        url = _absolute(netboot.script_url, "the script URL")
        return f"#!ipxe\necho Boots: loading {url}\nchain --autofree {url}\n", "script_url"
    if netboot.osie_url or netboot.kernel or netboot.initrd:
        profile = _hook(known, site)
    else:
        name = netboot.profile or site.default_profile
        found = site.profiles.get(name)
        if found is None:
            raise Unwritable(f'there is no profile "{name}"')
        profile = found
    return _load(profile, known, site, base), profile.name


def autoexec(url: str) -> str:
    """The script that an iPXE of 2025 asks for unbidden: it goes on to the one at `url`.

    It runs with the lease of the firmware that loaded iPXE, which saves a DHCP exchange, but
    with its interfaces still closed.

    Raises:
        Unwritable: the URL cannot stand in a script.
    """
    chain = f"chain --autofree {word(url, 'the URL')}"
    return f"#!ipxe\nifopen ||\nisset ${{ip}} || dhcp ||\n{chain}\n"


def apology(why: str) -> str:
    """A script that shows why there is none, and goes on to the next boot device.

    What could bend the script is shown as ``?``.
    """
    shown = " ".join(
        part if _PRINTABLE.fullmatch(part) and part not in _ENDS_COMMAND else "?"
        for part in re.sub(r"[$#\\]", "?", why).split()
    )
    return f"#!ipxe\necho Boots: {shown}\n{_GIVE_UP}"


def _own(text: str) -> str:
    """A script that stands in the record: taken as it is, as a person wrote it as a script."""
    whole = text if text.endswith("\n") else f"{text}\n"
    return whole if _MAGIC.match(whole) else f"#!ipxe\n{whole}"


def _hook(known: Known, site: Site) -> Profile:
    """Tinkerbell's in-memory OS, which its records point at, with the arguments it reads."""
    netboot, machine, hook = known.interface.netboot, known.machine, site.hook
    base = netboot.osie_url.rstrip("/") or "osie"
    named = {
        "vlan_id": known.interface.vlan,
        "facility": machine.facility,
        "syslog_host": str(site.syslog or ""),
        "grpc_authority": hook.grpc_authority,
        "tinkerbell_tls": _truth(hook.tls),
        "tinkerbell_insecure_tls": _truth(hook.insecure_tls),
        "worker_id": machine.agent_id or known.mac,
        "hw_addr": known.mac,
    }
    if not named["vlan_id"]:
        del named["vlan_id"]
    return Profile(
        name="hook",
        kernel=f"{base}/{netboot.kernel or 'vmlinuz-{cpu}'}",
        initrds=(f"{base}/{netboot.initrd or 'initramfs-{cpu}'}",),
        # facility has been used to carry further arguments: it may hold blanks.
        args=(
            *(f"{key}={value}" for key, value in named.items()),
            "modules=loop,squashfs,sd-mod,usb-storage",
            "intel_iommu=on",
            "iommu=pt",
            "console=tty0",
            "console=ttyS0,115200",
        ),
    )


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _load(profile: Profile, known: Known, site: Site, base: str) -> str:
    """Load kernel and initrds, each tried again a few times, and boot."""
    kernel = _url(profile.kernel, known, site, base)
    initrds = [_url(name, known, site, base) for name in profile.initrds]
    # UEFI kernels find their initrd only when told its name.
    args = [word(f"initrd={_image_name(url)}", "the kernel argument") for url in initrds]
    for text in _arguments(profile, known, site):
        args += words(text, "the kernel argument")
    lines = [
        "#!ipxe",
        f"echo Boots: profile {word(profile.name, 'the profile name')} for {known.mac}",
        f"set retries:int32 {site.script_retries}",
        f"set retry_delay:int32 {site.script_retry_delay}",
    ]
    lines += _step("kernel", " ".join(["kernel", kernel, *args]))
    for number, url in enumerate(initrds, start=1):
        lines += _step(f"initrd{number}", f"initrd {url}")
    lines += [
        "boot ||",
        "echo Boots: the kernel could not be started",
        "goto failed",
        ":give_up",
        "echo Boots: gave up after ${retries} retries, see https://ipxe.org/err for the code above",
        ":failed",
        "imgfree",
    ]
    return "\n".join(lines) + f"\n{_GIVE_UP}"


def _step(label: str, command: str) -> list[str]:
    return [
        "set idx:int32 0",
        f":{label}",
        f"{command} && goto {label}_done ||",
        "iseq ${idx} ${retries} && goto give_up ||",
        "inc idx",
        f"echo Boots: {label} failed, trying again in ${{retry_delay}} s",
        "sleep ${retry_delay}",
        f"goto {label}",
        f":{label}_done",
    ]


def _arguments(profile: Profile, known: Known, site: Site) -> list[str]:
    """Kernel arguments; the record's own come last, as the last of two wins."""
    args = list(profile.args)
    if profile.agent:
        args += [f"boots.url={site.http_url}/{known.mac}", f"BOOTIF=01-{dashed(known.mac)}"]
    args += site.kernel_args
    args += known.interface.netboot.kernel_args
    if known.interface.netboot.console:
        args.append(f"console={known.interface.netboot.console.removeprefix('console=')}")
    return args


def _url(name: str, known: Known, site: Site, base: str) -> str:
    name = name.replace("{cpu}", known.machine.cpu)
    if "://" in name:
        return _absolute(name, "the URL")
    if name not in site.files:
        raise Unwritable(f'there is no file "{name}"')
    return _absolute(f"{base}/{quote(name, safe=URL_SAFE)}", "the URL")


def _absolute(url: str, what: str) -> str:
    if not _ABSOLUTE.match(url):
        raise Unwritable(f"{what} {url!r} does not begin with a scheme like http://")
    return word(url, what)


def _image_name(url: str) -> str:
    """What iPXE calls an image: the last part of its URL's path, unquoted."""
    return unquote(re.split("[?#]", url)[0]).rpartition("/")[2]
