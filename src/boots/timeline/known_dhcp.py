"""Findings about addresses: no offer, no ACK, another server, and what we have no answer for.

`seen` names threads and clients in which a thing was met with.
"""

from boots.timeline.case import Also, Case, Row, When
from boots.timeline.signs import Kind
from boots.timeline.steps import UNASKED
from boots.timeline.words import Stage, State

_ASKS = (Stage.FIRMWARE_DHCP, Stage.IPXE_DHCP)


def _is_proxy(case: Case) -> bool:
    return case.followed.proxy


def _is_relayed(case: Case) -> bool:
    return "relay " in case.step.detail


def _has_foreign(case: Case) -> bool:
    return any(not each.expected for each in case.facts.foreign)


def _is_https(case: Case) -> bool:
    return case.followed.boot_file.startswith("https:")


def _is_http(case: Case) -> bool:
    return case.followed.boot_file.startswith("http")


PROXY = Also("addresses come from another server (proxyDHCP)", _is_proxy)
PROXY_UEFI = Also(
    "addresses come from another server, and the firmware is UEFI",
    lambda case: case.followed.proxy and case.is_uefi,
)
RELAYED = Also("the request came through a relay", _is_relayed)
FOREIGN = Also("another DHCP server was heard on its interface", _has_foreign)
OVER_HTTPS = Also("the boot file is an https URL", _is_https)
OVER_HTTP = Also("the boot file is an http URL", _is_http)

SETTLED_ELSEWHERE: tuple[Row, ...] = (
    Row(
        code="foreign-server-won",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="took the offer of", longer=5),
        title="Another DHCP server won: {text}",
        advice=(
            "Switch that server off for this machine, or let it give the addresses and set"
            " dhcp.mode to proxy here. Its address is in the title: `boots doctor` and the page"
            " of other servers say on which interface it answers."
        ),
        seen="khuedoan/homelab#142, danderson/netboot#38",
    ),
    Row(
        code="foreign-server-taken",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.FOREIGN, says="^(REQUEST|ACK)$", longer=5),
        title="Another DHCP server, {server}, gave {mac} its address",
        advice=(
            "Switch that server off for this machine, or let it give the addresses and set"
            " dhcp.mode to proxy here."
        ),
        seen="khuedoan/homelab#142",
    ),
    Row(
        code="foreign-server-denied",
        state=State.FAILED,
        when=When(at=_ASKS, sign=Kind.FOREIGN, says="^NAK$", quiet=True),
        title="Another DHCP server, {server}, denied {mac} the address it has from us",
        advice=(
            "Two servers that both hold themselves for the authority cannot share a network:"
            " switch one off, or make the other one not authoritative."
        ),
        seen="metal3-io/ironic-image#195; Dell ROMs go to their disk after a NAK",
    ),
    Row(
        code="nak",
        state=State.FAILED,
        when=When(at=(*_ASKS, Stage.DISK), sign=Kind.NAK, quiet=True),
        title="{mac} was denied the address it asked for, and gave up: {text}",
        advice=(
            "It asks for an address it had before. Firmware that is denied one goes to its disk:"
            " start it once more, it now asks anew."
        ),
        seen="metal3-io/ironic-image#195; Dell ROMs go to their disk after a NAK",
    ),
)

NO_ANSWER: tuple[Row, ...] = (
    Row(
        code="no-option-93",
        state=State.FAILED,
        when=When(sign=Kind.NO_BOOT_FILE, says="does not say its architecture", longer=5),
        title="{mac} got no boot file: its firmware does not say its architecture (option 93)",
        advice="Name the boot file in its record (boot_file), or write a quirk for this firmware.",
        seen="danderson/netboot#132",
    ),
    Row(
        code="boot-file-unknown",
        state=State.FAILED,
        when=When(sign=Kind.NO_BOOT_FILE, says="not among the boot files", longer=5),
        title="{mac} got no boot file: {text}",
        advice=(
            "Put that file into a folder of boot.files, or name one that is there. `boots check`"
            " says which records and profiles name it."
        ),
        seen="siderolabs/sidero#1295",
    ),
    Row(
        code="no-boot-file",
        state=State.FAILED,
        when=When(sign=Kind.NO_BOOT_FILE, longer=5),
        title="{mac} got no boot file: {text}",
        advice=(
            "Install Debian's package ipxe, or `boots boot-files fetch --output DIR` and add DIR"
            " to boot.files. Is the architecture not what the machine is? Then name its boot file"
            " in the record."
        ),
        seen="danderson/netboot#132; UEFI that reports 7 or 9 for the same thing",
    ),
    Row(
        code="lease-unwritable",
        state=State.FAILED,
        when=When(at=_ASKS, sign=Kind.IGNORED, says="cannot be written|No space left"),
        title="This server gives no addresses of its pool: {text}",
        advice=(
            "Free space on the disk that holds `state`, or make it writable for the server. Leases"
            " are written down before they are given, so none is given until then."
        ),
        seen="a full disk",
    ),
    Row(
        code="pool-used-up",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="used up"),
        title="There is no address left for {mac}: {text}",
        advice="Widen the pool of its [[subnets]]; `boots leases` says who has its addresses.",
        seen="garybowers/bootimus#51",
    ),
    Row(
        code="no-pool",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="has no pool|no subnet is known"),
        title="{mac} asks from a network that has no pool: {text}",
        advice="Say what that network is in [[subnets]], with a pool; or reserve it an address.",
        seen="tinkerbell/charts#109",
    ),
    Row(
        code="no-address",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="record has no address"),
        title="The record of {mac} has no address to give it",
        advice=(
            "Write an address into its record, set dhcp.mode to pool, or to proxy where another"
            " server gives the addresses."
        ),
        seen="tinkerbell/tinkerbell#473",
    ),
    Row(
        code="dhcp-off",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="DHCP is off"),
        title="DHCP is off for {mac}, and nobody else was heard to answer it",
        advice="Switch it on in its record (dhcp), or have the other server answer.",
        seen="tinkerbell/tinkerbell#223",
    ),
    Row(
        code="wrong-network",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="it asks from"),
        title="{mac} is plugged into another network than its record says: {text}",
        advice="Change the address in its record, or the port or VLAN that it is plugged into.",
        seen="TritonDataCenter/sdcboot#2",
    ),
    Row(
        code="answer-unsendable",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="could not be sent"),
        title="The answer to {mac} does not leave this server: {text}",
        advice=(
            "Behind a relay: this server has no route back to the relay's address. On its own"
            " network: a firewall here, or a full table of neighbours (the guide to networks says"
            " how to widen it)."
        ),
        seen="tinkerbell/tinkerbell#728, tinkerbell/charts#109",
    ),
    Row(
        code="relay-impossible",
        state=State.FAILED,
        when=When(at=_ASKS, over=False, sign=Kind.IGNORED, says="relay's address"),
        title="{mac} is behind a relay that cannot be answered: {text}",
        advice="Give the relay's interface an address of its own in the machines' network.",
        seen="flan/staticdhcpd#69",
    ),
    Row(
        code="not-answered",
        state=State.FAILED,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=False, problem="."),
        title="{mac} asks for an address and gets none: {why}",
        advice="`boots explain {mac}` says what would have to be otherwise.",
        seen="tinkerbell/tinkerbell#985",
    ),
)

NOT_TAKEN: tuple[Row, ...] = (
    Row(
        code="address-in-use",
        state=State.FAILED,
        when=When(at=(*_ASKS, Stage.SYSTEM), sign=Kind.DECLINED),
        title="{mac} says that somebody else uses {server}, the address it was given",
        advice=(
            "Find who answers ARP for it (`arping -D`): a machine with a fixed address, or a"
            " second record with the same one; `boots check` finds the latter."
        ),
        seen="metal3-io/ironic-image#195",
    ),
    Row(
        code="never-asks-4011",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=False, quiet=True, also=PROXY_UEFI),
        title="{mac} heard our offer and never asked for its boot file at port 4011",
        advice=(
            "Either the firmware does not put two offers together (HP's UEFI is known for it):"
            " let this server give the addresses (dhcp.mode = reservation), or have the other one"
            " name the boot file. Or a firewall drops UDP 4011: then other UEFI machines fail,"
            " too. Or the other server's offer names a boot file, which wins over ours."
        ),
        seen="garybowers/bootimus#77, danderson/netboot#43, siderolabs/sidero#1212",
    ),
    Row(
        code="relay-silent",
        state=State.STUCK,
        when=When(at=_ASKS, over=False, quiet=True, also=RELAYED),
        title="Our offers to {mac} go to its relay and are not taken: {heard}",
        advice=(
            "Either they do not come back: the relay must be able to reach this server's address"
            " and take answers from it, and a firewall between must let UDP 67 through both ways"
            " (`ping` the relay from here, capture on its far side). Or the machine took another"
            " server's offer: then that server shows among the other servers, or in a capture"
            " beside the machine."
        ),
        seen="tinkerbell/charts#109, tinkerbell/tinkerbell#728, flan/staticdhcpd#69",
    ),
    Row(
        code="offer-not-taken-beside-another",
        state=State.STUCK,
        when=When(at=_ASKS, over=False, quiet=True, also=FOREIGN),
        title="{mac} does not take our offer of {address}; {foreign} gives addresses there, too",
        advice=(
            "Most likely it took the offer of {foreign}, in silence: look at the address on its"
            " screen. Is it none of ours, switch that server off for this machine, or set"
            " dhcp.mode to proxy. Is there no address, then offers do not arrive at it: a filter"
            " for DHCP on its switch port (DHCP snooping)."
        ),
        seen="khuedoan/homelab#142, raspberrypi/firmware#1303",
    ),
    Row(
        code="offer-not-taken",
        state=State.STUCK,
        when=When(at=_ASKS, over=False, quiet=True),
        title="{mac} does not take our offer of {address}: {heard}",
        advice=(
            "Either our offers do not arrive: DHCP snooping on the switch that does not trust this"
            " server's port, or a firewall on it for UDP 68. Or it took the offer of a server that"
            " is not heard here. A capture beside the machine tells: with our offer in it it is"
            " the latter, without it the former."
        ),
        seen="khuedoan/homelab#142, danderson/netboot#143",
    ),
)

NOTHING_FETCHED: tuple[Row, ...] = (
    Row(
        code="proxy-boot-file-lost",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=True, quiet=True, also=PROXY),
        title="{mac} got our boot file ({boot_file}) and fetched nothing",
        advice=(
            "In proxy mode it needs an address from the other server as well. Either it got none:"
            " then its screen shows no address. Or the other server's offer names a boot file of"
            " its own, which many ROMs prefer: take that out there. Or UDP 69 is closed:"
            " `tftp SERVER -c get NAME` from its network tells."
        ),
        seen="danderson/pixiecore README, ltsp/ltsp#415",
    ),
    Row(
        code="nothing-fetched-beside-another",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=True, quiet=True, also=FOREIGN),
        title=(
            "{mac} has {address} from us and fetched nothing; {foreign} gives addresses on"
            " {interface}, too"
        ),
        advice=(
            "Either the firmware put that server's offer in the place of ours: then its screen"
            " shows another address than {address}, or another boot file. Switch {foreign} off for"
            " it, or set dhcp.mode to proxy. Or a firewall lets nothing through to this server:"
            " then the screen shows {address} and a time-out (PXE-E32, PXE-E18)."
        ),
        seen="garybowers/bootimus#51, bluebanquise/bluebanquise#991",
    ),
    Row(
        code="https-not-fetched",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=True, quiet=True, also=OVER_HTTPS),
        title="{mac} was told to boot {boot_file} and fetched nothing",
        advice=(
            "Either its firmware does not trust the certificate's authority, or refuses the"
            " certificate in silence (for an address in place of a name, a weak key): enrol the"
            " authority in its set-up, and see what `boots check` says of the certificate. Or the"
            " port is closed: `curl -k` from its network tells."
        ),
        seen="tianocore/edk2#12651, pftf/RPi4#13",
    ),
    Row(
        code="http-not-fetched",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=True, quiet=True, also=OVER_HTTP),
        title="{mac} was told to boot {boot_file} and fetched nothing",
        advice=(
            "Open that TCP port of this server to the machine's network, and let {address} have a"
            " route to it: `curl` from there tells. Some firmware has HTTP boot in its menu and"
            " no driver for it: then it tries PXE next."
        ),
        seen="cobbler/cobbler#3806, tinkerbell/smee#229",
    ),
    Row(
        code="nothing-fetched",
        state=State.STUCK,
        when=When(at=(Stage.FIRMWARE_DHCP,), over=True, quiet=True),
        title="{mac} has {address} and did not fetch {boot_file}",
        advice=(
            "Most likely a firewall: open UDP 69 and the high UDP ports of this server to the"
            " machine's network, or set tftp.single_port where only one port may be open;"
            " `tftp SERVER -c get NAME` from there tells. Works that, look at the screen: another"
            " address than {address} means that another DHCP server's offer won, PXE-E18 or"
            " PXE-E21 that the ROM gave up on its own."
        ),
        seen="bluebanquise/bluebanquise#991, khuedoan/homelab#142, garybowers/bootimus#51, #56",
    ),
)

TO_DISK: tuple[Row, ...] = (
    Row(
        code="went-to-disk",
        state=State.FAILED,
        when=When(at=(Stage.DISK,), problem=UNASKED),
        title="{mac} was to boot from the network and started what is on its disk",
        advice=(
            "Its firmware gave up the network boot and went to its next boot device. The step"
            " before the last is where it stood: `boots explain {mac}`, and the screen at power-on."
        ),
        seen="Dell ROMs; poseidon/matchbox#429",
    ),
    Row(
        code="netboot-off",
        state=State.DONE,
        when=When(
            also=Also(
                "it was sent to its disk as netboot is off",
                lambda case: any("netboot is off" in step.why for step in case.boot.steps),
            ),
        ),
        title="Netboot is off for {mac}: it was sent to its disk",
        advice="Nothing is wrong if that is meant. Else switch it on in its record, or by order.",
        seen="tinkerbell/tinkerbell#223, #985",
        done=True,
    ),
    Row(
        code="boots-elsewhere",
        state=State.DONE,
        when=When(
            also=Also(
                "it was sent to its disk as it has a boot server of its own",
                lambda case: any("boot server of its own" in step.why for step in case.boot.steps),
            ),
        ),
        title="{mac} has a boot server of its own in its record: this one gives it nothing",
        advice="Nothing is wrong if that is meant. Else take the boot server out of its record.",
        seen="records written for Smee",
        done=True,
    ),
)
