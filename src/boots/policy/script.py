"""iPXE scripts: what a profile comes to for one machine, as text that no value can bend.

What may stand in a script, and why, is in `boots.policy.ipxe_words`.
"""

import functools
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

import msgspec

from boots.model.mac import dashed
from boots.model.machine import Known
from boots.model.site import Profile, Site
from boots.policy import hook, leaks, templates
from boots.policy.ipxe_words import ENDS_COMMAND, PRINTABLE, Unwritable, shown, word, words
from boots.policy.path import URL_SAFE, leads_back
from boots.policy.ticket import ARGUMENT

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MAGIC = re.compile(r"#!ipxe\s")
# Time to read the screen.  With plain "exit" UEFI ends in its own menu; 1 sends it to the next
# boot device.
_GIVE_UP = "sleep 10\nexit 1\n"
# What a stranger's CPU is, iPXE knows best: its name for it is another.
_ARCH = (
    "set arch ${buildarch}",
    "iseq ${arch} i386 && set arch x86_64 ||",
    "iseq ${arch} arm32 && set arch aarch64 ||",
    "iseq ${arch} arm64 && set arch aarch64 ||",
)
_CPUS = ("x86_64", "aarch64")
_REMOVABLE = {"aarch64": "BOOTAA64.EFI"}  # UEFI 2.10, 3.5.1.1


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
        return _chain(netboot.script_url), "script_url"
    profile = profile_of(known, site)
    return _of_profile(profile, known, site, base), profile.name


def _of_profile(profile: Profile, known: Known, site: Site, base: str) -> str:
    if profile.kernel:
        return _load(profile, known, site, base)
    if profile.script:
        try:
            seen = templates.variables(profile, known, site)
            return _own(templates.render(profile.script, seen, ipxe=True))
        except templates.Broken as error:
            raise Unwritable(error.within(f'the script of profile "{profile.name}"')) from None
    if profile.script_url:
        if leads_back(profile.script_url, site):
            raise Unwritable(f'the script URL of profile "{profile.name}" is that of this script')
        return _chain(profile.script_url)
    if profile.disk:
        return _disk(profile, known)
    raise Unwritable(f'profile "{profile.name}" has nothing for iPXE to load')


def profile_of(known: Known, site: Site) -> Profile:
    """The profile a machine runs, where its record holds no script; its templates are filled in.

    Raises:
        Unwritable: the record names a profile that does not exist, or a value cannot stand in it.
    """
    return _filled(chosen(known, site), known, site)


def chosen(known: Known, site: Site) -> Profile:
    """The profile as its file has it.

    Raises:
        Unwritable: the record names a profile that does not exist.
    """
    netboot = known.interface.netboot
    if netboot.osie_url or netboot.kernel or netboot.initrd:
        return hook.profile(known, site)
    name = netboot.profile or site.default_profile
    found = site.profiles.get(name)
    if found is None and name == hook.NAME:
        return hook.profile(known, site)
    if found is None:
        raise Unwritable(f'there is no profile "{name}"')
    return found


def _filled(profile: Profile, known: Known, site: Site) -> Profile:
    """The profile with the machine's own values in kernel, initrds, arguments and script URL."""
    if profile is not site.profiles.get(profile.name):
        return profile  # made from values, and none of them is a template
    texts = (profile.kernel, *profile.initrds, *profile.args, profile.script_url)
    if not any(map(templates.is_template, texts)):
        return profile
    seen = templates.variables(profile, known, site)

    def fill(text: str) -> str:
        if not templates.is_template(text):
            return text
        try:
            return templates.render(text, seen, ipxe=True)
        except templates.Broken as error:
            raise Unwritable(f'profile "{profile.name}", {text!r}: {error}') from None

    return msgspec.structs.replace(
        profile,
        kernel=fill(profile.kernel),
        initrds=tuple(map(fill, profile.initrds)),
        args=tuple(map(fill, profile.args)),
        script_url=fill(profile.script_url),
    )


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
        part if PRINTABLE.fullmatch(part) and part not in ENDS_COMMAND else "?"
        for part in re.sub(r"[$#\\]", "?", why).split()
    )
    return f"#!ipxe\necho Boots: {shown}\n{_GIVE_UP}"


def _own(text: str) -> str:
    """A script that stands in the record: taken as it is, as a person wrote it as a script."""
    whole = text if text.endswith("\n") else f"{text}\n"
    return whole if _MAGIC.match(whole) else f"#!ipxe\n{whole}"


def _chain(address: str) -> str:
    url = _absolute(address, "the script URL")
    return f"#!ipxe\necho Boots: loading {url}\nchain --autofree {url}\n"


def _disk(profile: Profile, known: Known) -> str:
    """Boot from the machine's own disk.

    A BIOS starts the first one.  In UEFI iPXE of 2025 starts a file of it; older ones know no
    such option, and an exit with an error sends the firmware to its next boot device.
    """
    file = _REMOVABLE.get(known.machine.cpu, "BOOTX64.EFI")
    return "\n".join(
        (
            "#!ipxe",
            f"echo Boots: profile {word(profile.name, 'the profile name')} for {known.mac}",
            "iseq ${platform} efi && goto efi ||",
            "sanboot --no-describe --drive 0x80 ||",
            "echo Boots: the first disk could not be started",
            "sleep 10",
            "exit 1",
            ":efi",
            f"sanboot --no-describe --drive 0x80 --filename \\EFI\\BOOT\\{file} ||",
            "exit 1",
            "",
        )
    )


def _load(profile: Profile, known: Known, site: Site, base: str) -> str:
    """Load kernel and initrds, each tried again a few times, and boot."""
    kernel = _url(profile.kernel, known, site, base)
    initrds = [_url(name, known, site, base) for name in profile.initrds]
    # UEFI kernels find their initrd only when told its name.
    names = [word(f"initrd={_image_name(url)}", "the kernel argument") for url in initrds]
    args: list[str] = []
    for text in arguments(profile, known, site, names):
        args += _argument(text)
    if known.stranger:  # put in last: no value can name a setting of iPXE's
        kernel, *initrds = (url.replace("{cpu}", "${arch}") for url in (kernel, *initrds))
        args = [text.replace("{cpu}", "${arch}") if text in names else text for text in args]
    lines = [
        "#!ipxe",
        f"echo Boots: profile {word(profile.name, 'the profile name')} for {known.mac}",
        f"set retries:int32 {site.script_retries}",
        f"set retry_delay:int32 {site.script_retry_delay}",
        *(_ARCH if known.stranger else ()),
    ]
    lines.append(_step("kernel", " ".join(["kernel", kernel, *args])))
    for number, url in enumerate(initrds, start=1):
        lines.append(_step(f"initrd{number}", f"initrd {url}"))
    return "\n".join(lines) + _BOOT


_BOOT = f"""
boot ||
echo Boots: the kernel could not be started
goto failed
:give_up
echo Boots: gave up after ${{retries}} retries, see https://ipxe.org/err for the code above
:failed
imgfree
{_GIVE_UP}"""


def _step(label: str, command: str) -> str:
    return f"""set idx:int32 0
:{label}
{command} && goto {label}_done ||
iseq ${{idx}} ${{retries}} && goto give_up ||
inc idx
echo Boots: {label} failed, trying again in ${{retry_delay}} s
sleep ${{retry_delay}}
goto {label}
:{label}_done"""


@functools.lru_cache(maxsize=512)
def _argument(text: str) -> tuple[str, ...]:
    """The words of a kernel argument; nearly all are a profile's, the same for every machine."""
    return tuple(words(text, "the kernel argument"))


def arguments(profile: Profile, known: Known, site: Site, initrds: Sequence[str] = ()) -> list[str]:
    """Kernel arguments; the record's own come last, as the last of two wins.

    `initrds` are those that name the initrds.  They come first, and the site's after the
    profile's, where the profile does not say otherwise (`boots.policy.hook`).
    """
    placed = {hook.INITRD: list(initrds), hook.SITE_ARGS: list(site.kernel_args)}
    args = [*initrds] if hook.INITRD not in profile.args else []
    for text in profile.args:
        args += placed.get(text, [text])
    if profile.agent:
        args += [f"boots.url={site.http_url}/{known.mac}", f"BOOTIF=01-{dashed(known.mac)}"]
        args += [f"boots.pin={site.pin}"] if site.pin else []
        args += [f"{ARGUMENT}{known.ticket}"] if known.ticket else []
    if hook.SITE_ARGS not in profile.args:
        args += site.kernel_args
    args += known.interface.netboot.kernel_args
    if known.interface.netboot.console:
        args.append(f"console={known.interface.netboot.console.removeprefix('console=')}")
    leaks.refuse(args, site.secrets_allowed)
    return args


def _url(name: str, known: Known, site: Site, base: str) -> str:
    """A file's URL; a stranger's keeps its ``{cpu}``."""
    if not known.stranger:
        name = name.replace("{cpu}", known.machine.cpu)
    if "://" in name:
        return _absolute(name, "the URL")
    if name not in site.files:
        wanted = dict.fromkeys(name.replace("{cpu}", cpu) for cpu in _CPUS)
        if not any(each in site.files for each in wanted):
            raise Unwritable("there is no file " + " or ".join(f'"{each}"' for each in wanted))
    safe = f"{URL_SAFE}{{}}" if known.stranger else URL_SAFE
    return _absolute(f"{base}/{_quoted(name, safe)}", "the URL")


@functools.lru_cache(maxsize=256)
def _quoted(name: str, safe: str) -> str:
    return quote(name, safe=safe)


def _absolute(url: str, what: str) -> str:
    if not _ABSOLUTE.match(url):
        raise Unwritable(f"{what} {shown(url)!r} does not begin with a scheme like http://")
    return word(url, what)


def _image_name(url: str) -> str:
    """What iPXE calls an image: the last part of its URL's path, unquoted."""
    path = url.partition("?")[0].partition("#")[0]
    return unquote(path).rpartition("/")[2]
