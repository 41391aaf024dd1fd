"""Findings about what was loaded: kernels that panic, systems that fall silent, loops, the server.

`seen` names threads and clients in which a thing was met with.
"""

from boots.timeline.case import Also, Case, Row, When
from boots.timeline.patience import KERNEL_STARTS
from boots.timeline.signs import Kind
from boots.timeline.steps import SYSTEM
from boots.timeline.words import Stage, State

_LOADED = (Stage.KERNEL, Stage.INITRD)
_START_TAKES = 120.0  # seconds from a reset to the firmware's first DISCOVER, at most
_SLOW_PORT = 20.0  # seconds between a boot file and its first DISCOVER that a port needs, not iPXE
_SLOW_RATE = 200_000  # bytes a second; TFTP on one network has some MB/s


def _shows_no_life(case: Case) -> bool:
    """Whether neither what it loaded nor what is on its disk was heard."""
    return not case.runs and not _asked(case)


def _asked(case: Case) -> bool:
    """Whether a system asked for an address, whichever it is."""
    return any(step.detail.startswith(SYSTEM) for step in case.boot.steps)


def _panicked(case: Case) -> bool:
    """Whether the machine came back as after a panic: N seconds, and a start, after its kernel."""
    panic = case.told.panic
    if not panic or not case.is_back or not case.is_loaded or case.runs:
        return False
    return panic <= case.silence <= panic + KERNEL_STARTS + _START_TAKES


def _is_silent_kernel(case: Case) -> bool:
    return case.is_loaded and not case.runs


def _has_no_inventory(case: Case) -> bool:
    return case.told.agent and not case.has(Stage.INVENTORY)


def _no_word_of_the_agent(case: Case) -> bool:
    spoke = any(step.detail.startswith("agent") for step in case.boot.steps)
    return _has_no_inventory(case) and not spoke


def _slow_port(case: Case) -> bool:
    loaded, asks = case.of(Stage.BOOT_FILE), case.of(Stage.IPXE_DHCP)
    return bool(loaded and asks and loaded.ended and asks.began - loaded.ended > _SLOW_PORT)


def _slow_tftp(case: Case) -> bool:
    return any(
        step.stage is Stage.BOOT_FILE
        and "by TFTP" in step.detail
        and step.sent > _SLOW_RATE
        and 0 < step.rate < _SLOW_RATE
        for step in case.boot.steps
    )


PANICKED = Also("panic=N is set, and the machine is back about N seconds later", _panicked)
SILENT = Also("all was loaded, and no system was heard", _is_silent_kernel)
NO_AGENT = Also("it is OSIE, and its agent was not heard", _no_word_of_the_agent)
NO_INVENTORY = Also("its agent sent no inventory", _has_no_inventory)

HELD: tuple[Row, ...] = (
    Row(
        code="loop-held",
        state=State.HELD,
        when=When(
            sign=Kind.LOOP,
            stale=True,
            also=Also("no system was heard since", _shows_no_life),
        ),
        title=(
            "{mac} went round {count} times and is held: it loads the script of {profile},"
            " and nothing comes"
        ),
        advice=(
            "What was found before: {before}. Mend that; then change its record or give an order,"
            " which sets it free at once, or wait for boot.loop_window."
        ),
        seen="infra-controller#1834, tinkerbell/tinkerbell#951, poseidon/matchbox#429",
        done=True,
    ),
)

SPOKEN: tuple[Row, ...] = (
    Row(
        code="no-root",
        state=State.FAILED,
        when=When(sign=Kind.CONSOLE, says="Unable to mount root", stale=True),
        title="The kernel found no root file system: {text}",
        advice=(
            "Either it got no initrd: in UEFI its arguments must name it (initrd=NAME). Or the"
            " initrd does not fit the kernel, or root= in the arguments is wrong."
        ),
        seen="netbootxyz/docker-netbootxyz#100",
        done=True,
    ),
    Row(
        code="kernel-panic",
        state=State.FAILED,
        when=When(sign=Kind.CONSOLE, says="Kernel panic|not syncing", stale=True),
        title="The kernel panicked: {text}",
        advice="The lines before it on the console say where; kernel and initrd must be a pair.",
        seen="kairos-io/kairos#4596",
        done=True,
    ),
    Row(
        code="initrd-damaged",
        state=State.FAILED,
        when=When(sign=Kind.CONSOLE, says="Initramfs unpacking failed", stale=True),
        title="The initrd does not unpack: {text}",
        advice=(
            "Either it is cut off or damaged: compare its size and digest with its source. Or the"
            " machine has too little memory, or the kernel cannot read its compression."
        ),
        seen="netbootxyz/docker-netbootxyz#100, ipxe/ipxe#526",
        done=True,
    ),
    Row(
        code="osie-memory",
        state=State.FAILED,
        when=When(sign=Kind.CONSOLE, says="did not fit into this machine", stale=True),
        title="OSIE does not fit into the memory of {mac}: {text}",
        advice="OSIE needs 512 MB.",
        seen="machines with 256 MB",
        done=True,
    ),
    Row(
        code="osie-boot-interface",
        state=State.FAILED,
        when=When(at=(*_LOADED, Stage.SYSTEM), sign=Kind.CONSOLE, says="OSIE: no boot interface"),
        title="OSIE has no driver for the card that {mac} booted from: {text}",
        advice="`boots osie build` with a flavour that has the driver.",
        seen="ipxe/ipxe#937",
    ),
    Row(
        code="osie-no-address",
        state=State.FAILED,
        when=When(
            at=(*_LOADED, Stage.SYSTEM),
            sign=Kind.CONSOLE,
            says="OSIE: (no DHCP answer|waiting for link|the DHCP server refused)",
            also=Also("no DHCP of it was heard", lambda case: not _asked(case)),
        ),
        title="OSIE on {mac} gets no address: {text}",
        advice=(
            "A port in LACP stops passing frames when the firmware's LACP ends: fall back to a"
            " single link. Or the port blocks after the link was reset: portfast."
        ),
        seen="OpenStack Ironic's troubleshooting; crowbar/crowbar#2332",
    ),
    Row(
        code="agent-failed",
        state=State.FAILED,
        when=When(sign=Kind.AGENT, stale=True),
        title="OSIE's agent on {mac} failed: {text}",
        advice="Its lines on the console say more.",
        seen="OSIE's agent",
        done=True,
    ),
    Row(
        code="inventory-refused",
        state=State.FAILED,
        when=When(sign=Kind.CONSOLE, says="refused the inventory", also=NO_INVENTORY),
        title="The inventory of {mac} was not taken: {text}",
        advice="The reason is in the line; an agent newer or older than this server may be it.",
        seen="OSIE's agent",
    ),
    Row(
        code="dracut",
        state=State.FAILED,
        when=When(
            sign=Kind.CONSOLE,
            says=r"dracut.*(FATAL|timeout)|emergency (mode|shell)|does not exist\.\s+Dropping",
            stale=True,
        ),
        title="The initrd of {mac} gave up: {text}",
        advice=(
            "It found no root file system: root=, ip= and the addresses in the arguments of"
            " {profile}."
        ),
        seen="warewulf/warewulf#806",
        done=True,
    ),
    Row(
        code="iso-unpatched",
        state=State.FAILED,
        when=When(sign=Kind.UNPATCHED, stale=True, quiet=True, also=SILENT),
        title="{mac} got the ISO {server} without its own arguments",
        advice="The text that is to be overwritten is nowhere in it: iso.placeholder.",
        seen="tinkerbell/smee#156",
    ),
)

TLS: tuple[Row, ...] = (
    Row(
        code="tls-refused",
        state=State.FAILED,
        when=When(
            at=(Stage.FIRMWARE_DHCP, Stage.BOOT_FILE, Stage.IPXE_DHCP, Stage.SCRIPT),
            sign=Kind.TLS,
        ),
        title="{mac} and this server could agree on no TLS session for {secure}: {text}",
        advice=(
            "Either the machine does not trust the certificate (unknown CA, bad certificate):"
            " enrol its authority in the firmware, or build it into iPXE; addresses in place of"
            " names and weak keys are refused as well. Or the two share no version or cipher (no"
            " shared cipher, handshake failure, protocol version): give the server an RSA"
            " certificate, or the machine newer firmware. `boots check` says what firmware will"
            " not take of the certificate."
        ),
        seen="tianocore/edk2#12651, #10232, pftf/RPi4#13, ipxe/ipxe#1514",
    ),
)

SILENT_SYSTEM: tuple[Row, ...] = (
    Row(
        code="panic-likely",
        state=State.FAILED,
        when=When(at=_LOADED, over=True, back=True, also=PANICKED),
        title=(
            "{mac} began anew {back} s after {kernel} and {initrd} had arrived: with panic={panic}"
            " the kernel most likely panicked"
        ),
        advice=(
            "Nobody heard its last words. Its console has them ({console}); kernel and initrd must"
            " be a pair, and of the architecture {architecture}. Somebody who switched it off and"
            " on looks the same."
        ),
        seen="tinkerbell/tinkerbell#951, infra-controller#1834",
    ),
    Row(
        code="kernel-restarted",
        state=State.FAILED,
        when=When(at=_LOADED, over=True, back=True, also=SILENT),
        title="{mac} has kernel and initrd, said nothing, and began anew {back} s later",
        advice=(
            "Within seconds: the kernel is for another machine, or the firmware refused it."
            " Later: it panicked or a watchdog reset it, or somebody switched it off and on. Its"
            " console tells ({console})."
        ),
        seen="kairos-io/kairos#4596",
    ),
    Row(
        code="kernel-silent",
        state=State.STUCK,
        when=When(at=_LOADED, over=True, quiet=True, longer=KERNEL_STARTS, also=SILENT),
        title="{mac} has kernel and initrd, and no system was heard after them",
        advice=(
            "Look at the console that its arguments name ({console}); is that the wrong one, the"
            " kernel may well run. Lines of a panic: kernel and initrd are no pair. It waits for"
            " the network: the initrd has no driver for the card, or the port is part of a LAG"
            " and passes nothing without LACP, or blocks after a reset (portfast). Not a line:"
            " the kernel is for another architecture than {architecture}."
        ),
        seen="kairos-io/kairos#4596, ipxe/ipxe#937, OpenStack Ironic's troubleshooting",
    ),
    Row(
        code="system-offer-not-taken",
        state=State.STUCK,
        when=When(at=(Stage.SYSTEM,), over=False, quiet=True),
        title="The system of {mac} was offered {address} and did not take it",
        advice="Another DHCP server's offer won, or ours does not arrive: a capture beside it.",
        seen="metal3-io/baremetal-operator#1199",
    ),
    Row(
        code="agent-silent",
        state=State.STUCK,
        when=When(at=(Stage.SYSTEM,), over=True, quiet=True, also=NO_AGENT),
        title="OSIE on {mac} has its address, and its agent was not heard",
        advice=(
            "Its agent goes to the address in boots.url: can the machine reach that, over https"
            " with its certificate? OSIE's console says what it tries ({console})."
        ),
        seen="billimek/homelab-infrastructure#1",
    ),
    Row(
        code="inventory-missing",
        state=State.STUCK,
        when=When(at=(Stage.SYSTEM,), over=True, quiet=True, also=NO_INVENTORY),
        title="OSIE's agent on {mac} runs and sent no inventory",
        advice="A disk or a driver may hold it up: its console says at what it is ({console}).",
        seen="OSIE's agent",
    ),
)

CANNOT_WRITE = "server-cannot-write"
"""Its evidence tells of this server, too: not for who may see some machines only."""

AT_LAST: tuple[Row, ...] = (
    Row(
        code=CANNOT_WRITE,
        state=State.STUCK,
        when=When(
            quiet=True,
            also=Also(
                "this server cannot write down what happens",
                lambda case: bool(case.facts.troubles),
            ),
        ),
        title="{mac} fell silent, and this server cannot write down what happens",
        advice="Free the disk that holds journal, state and store, or mend the database.",
        seen="a full disk",
    ),
    Row(
        code="began-anew",
        state=State.FAILED,
        when=When(back=True),
        title="{mac} began anew {back} s after {heard}",
        advice="Somebody switched it off and on, or it reset itself: its screen tells.",
        seen="power switches",
    ),
    Row(
        code="silent",
        state=State.STUCK,
        when=When(quiet=True),
        title="Nothing was heard of {mac} for more than {patience} s after {heard}",
        advice="Look at its screen; `boots explain {mac}` says what it would be told next.",
        seen="anything",
    ),
    Row(
        code="loop",
        state=None,
        when=When(
            also=Also("it had its script three times in a row", lambda case: case.boot.loops >= 3)
        ),
        title="{mac} has had its script {count} times in a row, and nothing came of it",
        advice=(
            "What was found before: {before}. After boot.loop_limit times it is held, until its"
            " record changes."
        ),
        seen="infra-controller#1834, tinkerbell/tinkerbell#951, warewulf/warewulf#1146",
    ),
    Row(
        code="slow-port",
        state=None,
        when=When(
            also=Also(
                f"iPXE was heard more than {_SLOW_PORT:.0f} s after it had arrived", _slow_port
            )
        ),
        title="{mac} boots, and waits: iPXE was first heard long after its boot file had arrived",
        advice=(
            "Its switch port blocks after the link was reset (spanning tree), or waits for LACP:"
            " portfast, or a fall-back to a single link."
        ),
        seen="ipxe/ipxe#1337, raspberrypi/rpi-eeprom#480, crowbar/crowbar#2332",
        done=True,
    ),
    Row(
        code="slow-tftp",
        state=None,
        when=When(also=Also(f"TFTP had less than {_SLOW_RATE // 1000} kB/s", _slow_tftp)),
        title="{mac} boots, and its boot file came slowly",
        advice=(
            "TFTP waits for an answer to each block: packets are lost, or the way is long. UEFI"
            " HTTP boot does not wait; larger blocks help."
        ),
        seen="maxiepax/go-via#4, bluebanquise/bluebanquise#854, rhboot/shim#618",
        done=True,
    ),
)
