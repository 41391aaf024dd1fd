"""Findings about iPXE: its address, its script, what that names, and its own last words.

iPXE numbers its errors: the first two digits are the kind, and ``ipxe.org/CODE`` explains each.
`seen` names threads and clients in which a thing was met with.
"""

from boots.timeline.case import Also, Case, Row, When
from boots.timeline.classify import last_part
from boots.timeline.signs import Kind
from boots.timeline.words import Stage, State

_BEFORE = (Stage.FIRMWARE_DHCP, Stage.BOOT_FILE, Stage.IPXE_DHCP)
_NAMED = (Stage.KERNEL, Stage.INITRD)
_LOADING = (*_BEFORE, Stage.SCRIPT, *_NAMED)
_VIRTUALBOX = "08:00:27"
_SAID = "it says so on its console, and nothing went well after that"


def _is_https(case: Case) -> bool:
    return case.followed.script_url.startswith("https:")


def _is_virtualbox(case: Case) -> bool:
    own_rom = not case.has(Stage.FIRMWARE_DHCP, Stage.BOOT_FILE)
    return own_rom and case.boot.mac.startswith(_VIRTUALBOX)


def _is_fetched_again(case: Case) -> bool:
    name = case.file(case.step)
    again = case.signs(Kind.AGAIN, "fetched again")
    return any(sign.count >= 2 and last_part(sign.about) == name for sign in again)


OVER_HTTPS = Also("its script is an https URL", _is_https)
VIRTUALBOX = Also("the machine's ROM is VirtualBox's iPXE", _is_virtualbox)
ELSEWHERE = Also("the script leads to another server", lambda case: case.loads_elsewhere)


def _line(code: str, says: str, title: str, advice: str, seen: str) -> Row:
    """A row about a line of iPXE's."""
    when = When(at=_LOADING, sign=Kind.CONSOLE, says=says)
    return Row(code, State.FAILED, when, title, advice, seen)


CONSOLE: tuple[Row, ...] = (
    _line(
        "secure-boot-refused",
        r"Security Violation|prohibited by secure boot|bad shim signature"
        r"|Could not (boot|select|start).*Permission denied(?!.*/0216eb)",
        "Secure Boot refused what {mac} was to start: {text}",
        "The kernel, or the program before it, is not signed by anybody whom the firmware or shim"
        " trusts: boot a distribution's signed kernel through its own shim, or switch Secure Boot"
        " off.",
        "ipxe/ipxe#1825, FOGProject/fog-docs#79, #93",
    ),
    _line(
        "ipxe-certificate",
        r"ipxe\.org/(err/)?0216eb|usable certificates|untrusted",
        "iPXE does not trust the certificate of the server: {text}",
        "This iPXE trusts public authorities through its own cross-signing server and needs the"
        " right time; a private authority must be built in (TRUST), which the signed iPXE cannot"
        " have: serve scripts and files over http, or take an iPXE of your own.",
        "ipxe/ipxe#1728, #1407, #1408, netbootxyz/netboot.xyz#1597",
    ),
    _line(
        "ipxe-tls",
        r"ipxe\.org/(err/)?410de|TLS",
        "iPXE and the server could agree on no way to encrypt: {text}",
        "iPXE before 2.0 speaks TLS 1.2 with RSA certificates and few ciphers: give the server an"
        " RSA certificate, or take a newer iPXE.",
        "netbootxyz/netboot.xyz#870, alpinelinux/alpine-netboot#2",
    ),
    _line(
        "ipxe-not-found",
        r"ipxe\.org/(err/)?2d0c|No such file",
        "iPXE was told of a file that is not there: {text}",
        "The address is in the line before it. If it is this server's, there is a FetchRefused"
        " with the name; else ask the other server.",
        "siderolabs/sidero#1295, cobbler/cobbler#2258",
    ),
    _line(
        "ipxe-refused",
        r"ipxe\.org/(err/)?(020c|0212|022c)|Permission denied|Access denied",
        "A server refused a file to iPXE: {text}",
        "If it is this server, its FetchRefused says why. If it is another one, that wants a"
        " password or a token.",
        "tinkerbell/tinkerbell#985",
    ),
    _line(
        "ipxe-timeout",
        r"ipxe\.org/(err/)?4c|Connection timed out",
        "iPXE cannot reach the server: {text}",
        "A firewall drops the port, or there is no route: gateway and netmask of {address}. If"
        " only large downloads time out, packets of full size do not get through (MTU).",
        "infra-controller#1834",
    ),
    _line(
        "ipxe-no-route",
        r"ipxe\.org/(err/)?28|Network unreachable",
        "iPXE has no route to the server: {text}",
        "Its address has no gateway, or the server's address is not in its network: write the"
        " gateway into the record or the [[subnets]].",
        "TritonDataCenter/sdcboot#2",
    ),
    _line(
        "ipxe-reset",
        r"ipxe\.org/(err/)?0f0a|Connection reset|Connection refused",
        "Nothing listens where iPXE was sent to: {text}",
        "Look whether the port in {script} is the one of the server (http.url, http.port), and"
        " whether something between rejects it.",
        "siderolabs/sidero#1295",
    ),
    _line(
        "ipxe-unsupported",
        r"ipxe\.org/(err/)?3c|not supported|command not found",
        "This iPXE cannot do what its script says: {text}",
        "It was built without that protocol or command: VirtualBox's and many ROMs' iPXE lack"
        " HTTP or bzImage. Have it load ours first (boot.user_class, or a quirk with chain_load).",
        "danderson/netboot#51, #52",
    ),
    _line(
        "ipxe-exec-format",
        r"ipxe\.org/(err/)?2e|Exec format error",
        "iPXE cannot start what it loaded: {text}",
        "Either the kernel is for another architecture than {architecture}; or it is damaged, or a"
        " page of a web server in its place: `file` on it tells. In UEFI a kernel needs an EFI"
        " stub.",
        "forum.ipxe.org: 2e008081 after a page of HTML",
    ),
    _line(
        "ipxe-memory",
        r"ipxe\.org/(err/)?31|Not enough space|Out of memory",
        "The machine has too little memory for what iPXE loads: {text}",
        "Give it more, or a smaller initrd: an initrd is held twice while it is unpacked, and"
        " more than 4 GB does not work on x86.",
        "ipxe/ipxe#526",
    ),
    _line(
        "ipxe-no-address",
        r"No configuration methods|ipxe\.org/(err/)?040ee",
        "iPXE got no address: {text}",
        "Either the switch port blocks for 30 s after the link was reset: portfast, and its DHCP"
        " is never heard here. Or the port is part of a LAG and waits for LACP: fall back to a"
        " single link. If its DHCP is heard here, see its offers above.",
        "ipxe/ipxe#1337, TritonDataCenter/sdcboot#2, ipxe/ipxe#937, danderson/netboot#38",
    ),
    _line(
        "ipxe-no-driver",
        r"No more network devices",
        "iPXE has no driver for the network card: {text}",
        "Name snponly.efi, or undionly.kpxe for BIOS: they use the firmware's driver.",
        "siderolabs/sidero#447, ipxe/ipxe#1097",
    ),
    _line(
        "ipxe-io-error",
        r"ipxe\.org/(err/)?1d|Input/output error",
        "A server broke off what iPXE fetched: {text}",
        "The server answered with an error (HTTP 5xx), or the transfer broke: its log says which.",
        "tinkerbell/ipxedust#52",
    ),
    _line(
        "ipxe-error",
        r"ipxe\.org/|Could not (boot|select|start)|gave up",
        "iPXE reports an error: {text}",
        "https://ipxe.org/err and the code in the line say what it means.",
        "iPXE's errors",
    ),
)

SCRIPT: tuple[Row, ...] = (
    Row(
        code="script-unwritable",
        state=State.FAILED,
        when=When(at=(Stage.SCRIPT,), sign=Kind.UNWRITABLE),
        title="No script could be made for {mac}: {text}",
        advice=(
            "Mend the record or the profile: `boots check` says where. If OSIE's files are"
            " missing, `boots osie build`. The machine shows the same on its screen."
        ),
        seen="cobbler/cobbler#2258",
    ),
    Row(
        code="script-refused",
        state=State.FAILED,
        when=When(at=(Stage.SCRIPT,), problem="."),
        title="{mac} was refused its script: {why}",
        advice="`boots explain {mac}` says what it may fetch, and why.",
        seen="tinkerbell/tinkerbell#985",
    ),
    Row(
        code="kernel-missing",
        state=State.FAILED,
        when=When(at=(Stage.KERNEL,), problem="there is no file"),
        title="The kernel {file} is not among the files of this server",
        advice=(
            "Put it where {profile} names it; for OSIE run `boots osie build`. `boots"
            " check` names such profiles before a machine does."
        ),
        seen="siderolabs/sidero#1295, poseidon/matchbox#349",
    ),
    Row(
        code="initrd-missing",
        state=State.FAILED,
        when=When(at=(Stage.INITRD,), problem="there is no file"),
        title="The initrd {file} is not among the files of this server",
        advice=(
            "Put it where {profile} names it; for OSIE run `boots osie build`. `boots"
            " check` names such profiles before a machine does."
        ),
        seen="siderolabs/sidero#1295, netbootxyz/docker-netbootxyz#100",
    ),
    Row(
        code="file-refused",
        state=State.FAILED,
        when=When(at=_NAMED, problem=".", longer=5),
        title="{file} was not given to {mac}: {why}",
        advice="`boots explain {mac}` says what it may fetch, and why.",
        seen="tinkerbell/tinkerbell#985",
    ),
    Row(
        code="virtualbox-rom",
        state=State.STUCK,
        when=When(at=(Stage.IPXE_DHCP, Stage.SCRIPT), quiet=True, also=VIRTUALBOX),
        title="{mac} is VirtualBox, whose own iPXE cannot start a kernel",
        advice=(
            "Have it load ours first: a quirk with chain_load does (it is shipped for BIOS), or"
            " boot it as UEFI."
        ),
        seen="danderson/netboot#51, #52",
    ),
    Row(
        code="script-https",
        state=State.STUCK,
        when=When(at=(Stage.IPXE_DHCP,), over=True, quiet=True, also=OVER_HTTPS),
        title="iPXE on {mac} was sent to {script} and fetched nothing",
        advice=(
            "Either it does not trust the certificate: its screen says Permission denied"
            " (0216eb…); or it cannot speak with the server: Operation not permitted (410de…)."
            " Serve scripts over http, or take an iPXE that trusts your authority. Connection"
            " timed out means that the port is closed."
        ),
        seen="ipxe/ipxe#1728, warewulf/warewulf#806",
    ),
    Row(
        code="script-not-fetched",
        state=State.STUCK,
        when=When(at=(Stage.IPXE_DHCP,), over=True, quiet=True),
        title="iPXE on {mac} has {address} and did not fetch {script}",
        advice=(
            "Open that port of this server to the machine's network: `curl` from there tells. Is"
            " http.url an address that machines can reach? Behind a NAT or in a container it"
            " often is not. Somebody at its console may have pressed Ctrl-B."
        ),
        seen="siderolabs/sidero#1295, danderson/netboot#38",
    ),
    Row(
        code="kernel-elsewhere",
        state=State.STUCK,
        when=When(at=(Stage.SCRIPT,), over=True, quiet=True, also=ELSEWHERE),
        title="{mac} has the script of {profile} and was not heard of again",
        advice=(
            "What it loads comes from another server, which is not seen here ({url}): look at that"
            " server's log, and at the machine's screen. A menu waits for somebody to choose."
        ),
        seen="netbootxyz/netboot.xyz#219",
    ),
    Row(
        code="kernel-not-fetched",
        state=State.STUCK,
        when=When(at=(Stage.SCRIPT,), over=True, quiet=True),
        title="{mac} has its script and did not fetch {kernel}",
        advice=(
            "The script goes to {url}: can the machine reach that address and port? If iPXE tried,"
            " its screen says why not."
        ),
        seen="siderolabs/sidero#1295, tinkerbell/ipxedust#52",
    ),
    Row(
        code="image-not-taken",
        state=State.FAILED,
        when=When(
            at=_NAMED,
            over=True,
            sign=Kind.AGAIN,
            says="fetched again",
            stale=True,
            also=Also("the same file was fetched three times or more", _is_fetched_again),
        ),
        title="iPXE on {mac} fetched {file} {times} times and does not take it",
        advice=(
            "Its screen says Exec format error: either that is no kernel for {architecture}"
            " (`file` on it tells; in UEFI a kernel needs an EFI stub), or it is damaged. Not"
            " enough space: the machine has too little memory."
        ),
        seen="a kernel of random bytes in edk2",
    ),
    Row(
        code="initrd-not-fetched",
        state=State.STUCK,
        when=When(
            at=(Stage.KERNEL,),
            over=True,
            quiet=True,
            also=Also(
                "the script names an initrd that was not fetched",
                lambda case: bool(case.told.initrds) and not case.is_loaded,
            ),
        ),
        title="{mac} has the kernel and did not fetch {initrd}",
        advice=(
            "iPXE stopped between the two: out of memory, or a kernel it does not know (Exec"
            " format error); its screen says which."
        ),
        seen="ipxe/ipxe#526",
    ),
)
