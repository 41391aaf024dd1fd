"""The scripts: golden texts in ``tests/vectors/scripts``, and what no value may do to them.

With ``UPDATE_VECTORS=1`` in the environment the golden texts are written anew.
"""

import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.policy.made import MAC, SITE, known, site

from boots.model.bmc import Bmc
from boots.model.machine import Known, Metadata, Netboot
from boots.model.site import OSIE, Hook, Profile, Site
from boots.policy.boot import fetch
from boots.policy.got import Script
from boots.policy.ipxe_words import Unwritable, word, words
from boots.policy.script import apology, render
from boots.policy.stranger import made_up

SCRIPTS = Path(__file__).parents[1] / "vectors" / "scripts"
BASE = f"http://192.168.1.1:8080/{MAC}"

INSTALLER = Profile(
    name="debian",
    kernel="profiles/debian/linux",
    initrds=("profiles/debian/initrd.gz", "https://example.com/firmware.cpio.gz?v=2"),
    args=("auto=true priority=critical", "---"),
)
WITH_INSTALLER = site(
    files={**SITE.files, "profiles/debian/linux": "/a", "profiles/debian/initrd.gz": "/b"},
    profiles={"osie": OSIE, "debian": INSTALLER},
    kernel_args=("site=lab",),
)
TINKERBELL = site(
    syslog=IPv4Address("192.168.1.1"),
    script_retries=10,
    script_retry_delay=3,
    hook=Hook(grpc_authority="192.168.1.1:42113"),
)

AUTO = msgspec.structs.replace(
    TINKERBELL, unknown="hook", hook=Hook(url="http://127.1.1.1", grpc_authority="h:42113")
)

GOLDEN: dict[str, tuple[Known, Site]] = {
    "osie": (known(), SITE),
    "osie-arm64": (
        known(Netboot(kernel_args=("no_timer_check",), console="ttyAMA0,115200"), cpu="aarch64"),
        SITE,
    ),
    "profile": (known(Netboot(profile="debian", kernel_args=("site=own",))), WITH_INSTALLER),
    "hook": (
        known(Netboot(osie_url="http://127.1.1.1"), vlan="1234", facility="onprem"),
        TINKERBELL,
    ),
    "hook-agent": (
        known(
            Netboot(
                osie_url="http://127.1.1.1/",
                kernel="captain-kernel-{cpu}",
                initrd="captain-initrd",
                kernel_args=("k1=1", "k2=2"),
            ),
            cpu="aarch64",
            agent_id="worker1",
            facility="onprem console=ttyS1",
        ),
        TINKERBELL,
    ),
    "own-script": (known(Netboot(script="#!ipxe\nautoboot")), SITE),
    "script-url": (known(Netboot(script_url="https://boot.netboot.xyz")), SITE),
    "disk": (
        known(Netboot(profile="local-disk")),
        site(profiles={"local-disk": Profile(name="local-disk", disk=True)}),
    ),
    "hook-stranger": (made_up(MAC, AUTO), AUTO),
    "apology": (known(Netboot(profile="debain")), SITE),
}


@pytest.mark.parametrize(("machine", "where"), GOLDEN.values(), ids=GOLDEN)
def test_a_script_reads_as_its_golden_text(
    machine: Known, where: Site, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    script = fetch("auto.ipxe", machine, where)
    assert isinstance(script, Script)
    text = SCRIPTS / f"{name}.ipxe"
    if os.environ.get("UPDATE_VECTORS") == "1":
        text.write_text(script.text, encoding="utf-8")
    assert text.read_text(encoding="utf-8") == script.text


def test_there_is_no_golden_text_without_its_script() -> None:
    assert {f"{name}.ipxe" for name in GOLDEN} == {path.name for path in SCRIPTS.iterdir()}


def rendered(netboot: Netboot | None = None, where: Site = SITE, **machine: Any) -> str:
    return render(known(netboot, **machine), where, BASE)[0]


def kernel_line(text: str) -> list[str]:
    """The words of the kernel command, without what follows it."""
    line = next(line for line in text.splitlines() if line.startswith("kernel "))
    found = line.split()
    return found[: found.index("&&")]


# --- Tinkerbell's in-memory OS


FIXED = ("modules=loop,squashfs,sd-mod,usb-storage", "intel_iommu=on", "iommu=pt")
LAST = ("initrd=initramfs-x86_64", "console=tty0", "console=ttyS1,115200")
SERVICES = (
    "syslog_host=192.168.1.1",
    "grpc_authority=192.168.1.1:42113",
    "tinkerbell_tls=false",
    "tinkerbell_insecure_tls=false",
)
EXTRA = ("k1=1", "k2=2")


def hook_args(release: int, **machine: Any) -> list[str]:
    """The arguments of Tinkerbell's OS, with some of the site's own."""
    where = msgspec.structs.replace(
        TINKERBELL,
        kernel_args=EXTRA,
        hook=Hook(release=release, url="http://127.1.1.1", grpc_authority="192.168.1.1:42113"),
    )
    return kernel_line(render(known(Netboot(profile="hook"), **machine), where, BASE)[0])[2:]


def test_hook_of_2026_gets_the_arguments_it_reads_in_upstream_s_order() -> None:
    assert [
        *("vlan_id=1234", "facility=onprem", *SERVICES),
        *("worker_id=worker1", f"hw_addr={MAC}", *FIXED, *LAST, *EXTRA),
    ] == hook_args(2026, vlan="1234", facility="onprem", agent_id="worker1")


def test_hook_of_2025_has_more_arguments_second_and_its_mac_for_a_name() -> None:
    assert [
        *("vlan_id=1234", *EXTRA, "facility=onprem", *SERVICES),
        *(f"worker_id={MAC}", f"hw_addr={MAC}", *FIXED, *LAST),
    ] == hook_args(2025, vlan="1234", facility="onprem", agent_id="worker1")


def test_hook_without_vlan_has_no_vlan_id_and_keeps_its_empty_values() -> None:
    found = kernel_line(rendered(Netboot(osie_url="http://127.1.1.1")))
    assert ["facility=", "syslog_host=", "grpc_authority="] == found[2:5]


def test_hook_is_fetched_where_the_site_says_and_the_record_wins() -> None:
    where = site(
        hook=Hook(
            url="http://h/captain/",
            kernel="captain-kernel-{cpu}",
            initrd="captain-initramfs-{cpu}",
            syslog="logs.example",
        )
    )
    found = kernel_line(rendered(Netboot(profile="hook"), where, cpu="aarch64"))
    assert "http://h/captain/captain-kernel-aarch64" == found[1]
    assert {"initrd=captain-initramfs-aarch64", "syslog_host=logs.example"} < set(found)
    found = kernel_line(rendered(Netboot(osie_url="http://own", kernel="k"), where))
    assert ["http://own/k", "initrd=captain-initramfs-x86_64"] == [
        found[1],
        *(each for each in found if each.startswith("initrd=")),
    ]


def test_hook_may_be_what_all_machines_run() -> None:
    where = site(default_profile="hook", hook=Hook(url="http://h"))
    assert "http://h/vmlinuz-x86_64" == kernel_line(rendered(where=where))[1]


def test_a_profile_of_the_operator_s_called_hook_is_taken() -> None:
    where = site(profiles={"hook": Profile(name="hook", kernel="http://own/kernel")})
    assert "http://own/kernel" == kernel_line(rendered(Netboot(profile="hook"), where))[1]


def test_a_stranger_s_hook_has_smee_s_static_arguments_and_finds_its_cpu_in_ipxe() -> None:
    where = msgspec.structs.replace(
        TINKERBELL, kernel_args=EXTRA, unknown="hook", hook=Hook(url="http://h", tls=True)
    )
    text = render(made_up(MAC, where), where, BASE)[0]
    assert [
        "kernel",
        "http://h/vmlinuz-${arch}",
        "syslog_host=192.168.1.1",
        "grpc_authority=",
        "tinkerbell_tls=true",
        f"worker_id={MAC}",
        f"hw_addr={MAC}",
        "console=tty1",
        "console=tty2",
        "console=ttyAMA0,115200",
        "console=ttyAMA1,115200",
        "console=ttyS0,115200",
        "console=ttyS1,115200",
        "intel_iommu=on",
        "iommu=pt",
        *EXTRA,
        "initrd=initramfs-${arch}",
    ] == kernel_line(text)
    lines = text.splitlines()
    at = lines.index("set arch ${buildarch}")
    assert "iseq ${arch} arm64 && set arch aarch64 ||" == lines[at + 3]


def test_the_agent_s_name_is_the_worker() -> None:
    text = rendered(Netboot(osie_url="http://127.1.1.1"), agent_id="worker1")
    assert "worker_id=worker1" in kernel_line(text)


def test_an_old_facility_may_carry_more_arguments() -> None:
    text = rendered(Netboot(osie_url="http://h"), facility="onprem console=ttyS1,115200")
    found = kernel_line(text)
    at = found.index("facility=onprem")
    assert "console=ttyS1,115200" == found[at + 1]


def test_the_record_s_arguments_come_last() -> None:
    text = rendered(Netboot(osie_url="http://h", kernel_args=("k1=1 k2=2",), console="ttyS1"))
    assert ["k1=1", "k2=2", "console=ttyS1"] == kernel_line(text)[-3:]


def test_hook_s_kernel_may_stand_among_our_own_files() -> None:
    text = rendered(Netboot(kernel="vmlinuz-aarch64", initrd="initramfs-aarch64"))
    assert f"{BASE}/osie/vmlinuz-aarch64" == kernel_line(text)[1]


# --- kernels and initrds


def test_the_cpu_is_the_machine_s() -> None:
    found = kernel_line(rendered(cpu="aarch64"))
    assert [f"{BASE}/osie/vmlinuz-aarch64", "initrd=initramfs-aarch64"] == found[1:3]


INITRDS = {
    "http://h/dir/initrd.img": "initrd.img",
    "http://h/initrd.img?token=a/b": "initrd.img",
    "http://h/initrd.img#part": "initrd.img",
    "http://h/a%2Bb.img": "a+b.img",
}


@pytest.mark.parametrize(("url", "name"), INITRDS.items(), ids=INITRDS)
def test_the_kernel_finds_its_initrd_by_the_name_that_ipxe_gives_it(url: str, name: str) -> None:
    where = site(profiles={"osie": Profile(name="osie", kernel="http://h/k", initrds=(url,))})
    assert ["kernel", "http://h/k", f"initrd={name}"] == kernel_line(rendered(where=where))


def test_a_profile_without_initrd_has_a_kernel_only() -> None:
    where = site(profiles={"osie": Profile(name="osie", kernel="http://h/k", args=("a b",))})
    text = rendered(where=where)
    assert ["kernel", "http://h/k", "a", "b"] == kernel_line(text)
    assert "initrd" not in text


def test_a_file_name_that_is_no_url_path_is_quoted() -> None:
    profile = Profile(name="osie", kernel="profiles/o/my kernel")
    where = site(files={"profiles/o/my kernel": "/k"}, profiles={"osie": profile})
    assert f"{BASE}/profiles/o/my%20kernel" == kernel_line(rendered(where=where))[1]


def test_arguments_come_from_profile_agent_site_and_record_in_this_order() -> None:
    where = site(kernel_args=("a=site",))
    found = kernel_line(rendered(Netboot(kernel_args=("a=record",), console="tty1"), where))
    assert [
        "panic=30",
        "rootfstype=ramfs",
        f"boots.url={BASE}",
        "BOOTIF=01-52-54-00-12-34-56",
        "a=site",
        "a=record",
        "console=tty1",
    ] == found[-7:]


def test_of_a_machines_secrets_only_its_ticket_is_on_osies_command_line() -> None:
    secrets = {
        "bmc": Bmc("redfish://192.168.1.2", username="root", password="calvin-9"),
        "metadata": Metadata(user_data="password: hunter-2", values={"join": "token-3"}),
        "record": b'{"password": "record-4"}',
    }
    machine = msgspec.structs.replace(known().machine, **secrets)
    whole = msgspec.structs.replace(known(), machine=machine, ticket="ticket-5")
    text, _ = render(whole, site(token_key=b"key-6", ticket_key=b"key-7"), BASE)

    said = [word for word in kernel_line(text) if word.startswith("boots.")]
    assert [f"boots.url={BASE}", "boots.ticket=ticket-5"] == said
    hidden = ("calvin-9", "hunter-2", "token-3", "record-4", "key-6", "key-7")
    assert [] == [each for each in hidden if each in text]


def test_an_agent_is_told_by_which_certificate_its_server_is_known() -> None:
    found = kernel_line(rendered(where=site(http_url="https://boots.example", pin="ab" * 32)))
    assert f"boots.pin={'ab' * 32}" in found


@pytest.mark.parametrize("console", ["ttyS1,115200", "console=ttyS1,115200"])
def test_a_console_may_be_written_with_its_key(console: str) -> None:
    assert "console=ttyS1,115200" == kernel_line(rendered(Netboot(console=console)))[-1]


def test_every_file_is_tried_once_more_than_it_is_tried_again() -> None:
    lines = rendered(where=site(script_retries=7, script_retry_delay=4)).splitlines()
    assert ["set retries:int32 7", "set retry_delay:int32 4"] == lines[2:4]
    at = lines.index(":initrd1")
    assert "set idx:int32 0" == lines[at - 1]
    assert [
        "iseq ${idx} ${retries} && goto give_up ||",
        "inc idx",
        "echo Boots: initrd1 failed, trying again in ${retry_delay} s",
        "sleep ${retry_delay}",
        "goto initrd1",
        ":initrd1_done",
    ] == lines[at + 2 : at + 8]


# --- profiles that are no kernel


def of_profile(machine: Known | None = None, **profile: Any) -> str:
    where = site(profiles={"osie": Profile(name="osie", **profile)})
    return render(machine or known(), where, BASE)[0]


def test_a_script_of_a_profile_has_the_machine_s_values() -> None:
    script = "echo {{ machine.name }}\nkernel {{ url }}/k ip={{ address }} ${net0/mac}\n"
    assert f"#!ipxe\necho node-1\nkernel {BASE}/k ip=192.168.1.10 ${{net0/mac}}\n" == (
        of_profile(script=script)
    )


def test_arguments_urls_and_initrds_of_a_profile_may_hold_values() -> None:
    metadata = Metadata(values={"release": "41", "more": "a=1 b=2"})
    text = of_profile(
        known(metadata=metadata),
        kernel="http://h/{{ values.release }}/vmlinuz",
        initrds=("http://h/{{ values.release }}/initrd-{cpu}",),
        args=("inst.ks={{ url }}/ks.cfg", "{{ values.more | words }}"),
    )
    assert [
        *("kernel", "http://h/41/vmlinuz", "initrd=initrd-x86_64"),
        *(f"inst.ks={BASE}/ks.cfg", "a=1", "b=2"),
    ] == kernel_line(text)


def test_a_profile_may_chain_to_a_url_but_not_to_itself() -> None:
    assert "chain --autofree http://h/x\n" in of_profile(script_url="http://h/x")
    with pytest.raises(Unwritable, match="is that of this script"):
        of_profile(script_url=f"{BASE}/auto.ipxe")


def test_the_disk_of_a_bios_is_drive_0x80_and_uefi_starts_a_file_or_goes_on() -> None:
    lines = of_profile(disk=True).splitlines()
    assert "iseq ${platform} efi && goto efi ||" == lines[2]
    assert "sanboot --no-describe --drive 0x80 ||" == lines[3]
    assert [
        ":efi",
        "sanboot --no-describe --drive 0x80 --filename \\EFI\\BOOT\\BOOTX64.EFI ||",
        "exit 1",
    ] == lines[-3:]
    assert "BOOTAA64.EFI" in of_profile(known(cpu="aarch64"), disk=True)


def test_a_profile_that_runs_nothing_is_told() -> None:
    with pytest.raises(Unwritable, match='profile "osie" has nothing for iPXE to load'):
        of_profile()


# --- scripts of the record's own

OWN = {
    "with its first line": ("#!ipxe\nshell\n", "#!ipxe\nshell\n"),
    "without it": ("shell", "#!ipxe\nshell\n"),
    "without a last newline": ("#!ipxe\nshell", "#!ipxe\nshell\n"),
    "with CR LF, which iPXE takes": ("#!ipxe\r\nshell\r\n", "#!ipxe\r\nshell\r\n"),
    "with a first line that only looks so": ("#!ipxe2\nshell\n", "#!ipxe\n#!ipxe2\nshell\n"),
    "with an empty line before": ("\n#!ipxe\nshell\n", "#!ipxe\n\n#!ipxe\nshell\n"),
    "of one line": ("#!ipxe", "#!ipxe\n"),
    "with anything that iPXE understands": (
        "#!ipxe\ndhcp || shell\nset a ${net0/mac} ; echo ${a} # here\n",
        "#!ipxe\ndhcp || shell\nset a ${net0/mac} ; echo ${a} # here\n",
    ),
}


@pytest.mark.parametrize(("script", "text"), OWN.values(), ids=OWN)
def test_a_script_in_the_record_is_taken_as_written(script: str, text: str) -> None:
    assert (text, "script") == render(known(Netboot(script=script)), SITE, BASE)


def test_a_script_wins_over_a_url_and_a_profile() -> None:
    netboot = Netboot(script="shell", script_url="http://h/x", profile="osie")
    assert "script" == render(known(netboot), SITE, BASE)[1]


def test_a_script_url_wins_over_a_profile() -> None:
    netboot = Netboot(script_url="http://h/x", profile="osie")
    assert "script_url" == render(known(netboot), SITE, BASE)[1]


@pytest.mark.parametrize("url", [f"{BASE}/auto.ipxe", "tftp://192.168.1.1/auto.ipxe"])
def test_a_script_never_loads_itself(url: str) -> None:
    assert rendered() == rendered(Netboot(script_url=url))


# --- what cannot be written

BENT = {
    "a semicolon": ";",
    "an or": "||",
    "an and": "&&",
    "a comment": "#",
    "a comment without space": "#x",
    "a setting": "a${net0/mac}",
    "a broken setting": "${",
    "a backslash at the end": "a\\",
    "a newline": "a\nreboot",
    "a carriage return": "a\rreboot",
    "a tab": "a\treboot",
    "a NUL": "a\0",
    "a letter beyond ASCII": "ä",
    "nothing": "",
    "a blank": "a b",
}


@pytest.mark.parametrize("text", BENT.values(), ids=BENT)
def test_a_word_that_means_something_to_ipxe_is_refused(text: str) -> None:
    with pytest.raises(Unwritable, match="cannot stand in an iPXE script"):
        word(text, "the value")


@pytest.mark.parametrize(
    "text", ["http://me:hun ter2@h/", "http://h/?token=hunter2&${a}", "http://me:p@hunter2@h/\\"]
)
def test_a_refused_url_is_told_without_what_may_be_secret(text: str) -> None:
    with pytest.raises(Unwritable) as refused:
        word(text, "the URL")
    assert "ter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["a;b", "a||b", "a&&b", "a#b", "$a", "{a}", "\\a", "a=b,c", "-a"])
def test_a_word_that_only_holds_such_letters_is_not(text: str) -> None:
    assert text == word(text, "the value")


def test_words_are_split_at_blanks_only() -> None:
    assert ["a=1", "b"] == words(" a=1  b ", "the arguments")
    with pytest.raises(Unwritable, match="the arguments"):
        words("a ; reboot", "the arguments")


UNWRITABLE = {
    "an argument": (Netboot(kernel_args=("a ; reboot",)), SITE, {}, "the kernel argument ';'"),
    "a console": (Netboot(console="tty0\nreboot"), SITE, {}, "the kernel argument 'console=tty0"),
    "a facility": (Netboot(osie_url="http://h"), SITE, {"facility": "a && reboot"}, "'&&'"),
    "a VLAN": (Netboot(osie_url="http://h"), SITE, {"vlan": "1\t2"}, "'vlan_id=1"),
    "an agent": (Netboot(osie_url="http://h"), SITE, {"agent_id": "${x}"}, "'worker_id="),
    "a script URL": (Netboot(script_url="http://h/a b"), SITE, {}, "the script URL"),
    "a script URL that goes on": (Netboot(script_url="http://h/\\"), SITE, {}, "the script URL"),
    "a script URL that is an option": (
        Netboot(script_url="--autofree"),
        SITE,
        {},
        "the script URL '--autofree' does not begin with a scheme",
    ),
    "a kernel that is an option": (
        Netboot(osie_url="--name=a://b"),
        SITE,
        {},
        "does not begin with a scheme",
    ),
    "a CPU": (Netboot(osie_url="http://h"), SITE, {"cpu": "a b"}, "the URL"),
    "a profile's name": (
        Netboot(profile="a\nb"),
        site(profiles={"a\nb": Profile(name="a\nb", kernel="http://h/k")}),
        {},
        "the profile name",
    ),
    "an initrd's name": (
        Netboot(),
        site(
            profiles={"osie": Profile(name="o", kernel="http://h/k", initrds=("http://h/a%20b",))}
        ),
        {},
        "the kernel argument 'initrd=a b'",
    ),
    "a missing profile": (Netboot(profile="no"), SITE, {}, 'there is no profile "no"'),
    "a missing file": (
        Netboot(kernel="no"),
        SITE,
        {},
        'there is no file "osie/no"',
    ),
}


@pytest.mark.parametrize(
    ("netboot", "where", "machine", "why"), UNWRITABLE.values(), ids=UNWRITABLE
)
def test_a_value_that_would_bend_a_script_is_refused_with_its_name(
    netboot: Netboot, where: Site, machine: dict[str, str], why: str
) -> None:
    script = fetch("auto.ipxe", known(netboot, **machine), where)
    assert isinstance(script, Script)
    assert why in script.problem
    assert script.text == apology(script.problem)


# --- the apology

APOLOGIES = {
    'there is no file "a"': 'there is no file "a"',
    "a ; reboot": "a ? reboot",
    "a || b && c": "a ? b ? c",
    "# a ${b}": "? a ?{b}",
    "line\nbreak\ttab": "line break tab",
    "at the end \\": "at the end ?",
    "übel": "?",
    "": "",
}


@pytest.mark.parametrize(("why", "shown"), APOLOGIES.items(), ids=APOLOGIES)
def test_an_apology_shows_its_reason_and_goes_on(why: str, shown: str) -> None:
    assert f"#!ipxe\necho Boots: {shown}\nsleep 10\nexit 1\n" == apology(why)


def test_a_stranger_reads_which_files_are_not_there() -> None:
    text = fetch("auto.ipxe", made_up(MAC, AUTO), site(mode=AUTO.mode, files={}))
    assert isinstance(text, Script)
    assert text.problem == ('there is no file "osie/vmlinuz-x86_64" or "osie/vmlinuz-aarch64"')
    assert "{cpu}" not in text.text
