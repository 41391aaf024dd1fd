"""What is dangerous in other programs' hands has its place here, and its reason, or is not there.

All of the server and of OSIE's agent is read: no shell, no code out of data, no unpacking that
leaves its folder, no certificate that nobody looks at, no weak digest, no guessable chance.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = (ROOT / "src" / "boots", ROOT / "agent" / "src" / "boots_agent")

STARTS_PROGRAMS = {
    # The server: Python itself, to be told what to do over a pipe.
    "boots/app/workers/spawn.py": "workers: this program",
    "boots/app/planned.py": "plans: this module",
    "boots/bmc/control.py": "what talks to BMCs: a module of that room",
    "boots/app/backup/postgres.py": "a backup of a person: pg_dump and psql",
    "boots/machines/apart.py": "large files of records: this module",
    # Commands of a person.
    "boots/doctor/kernel.py": "iptables-save and nft, to see what filters packets",
    "boots/osie/programs.py": "what builds OSIE and images: apt, cpio, mksquashfs",
    "boots/lab/boot.py": "the demo: qemu-img",
    "boots/lab/capture.py": "the demo: tcpdump",
    "boots/lab/emulator.py": "the lab's bad links: this module",
    "boots/lab/isolation.py": "the lab: unshare and mount",
    "boots/lab/machine.py": "the lab: QEMU",
    "boots/lab/network.py": "the lab: this program in a namespace",
    "boots/lab/server.py": "the lab: this server",
    "boots/lab/topology.py": "the lab: relays",
    # OSIE's agent, as root of a machine that it provisions.
    "boots_agent/programs.py": "mkfs, sfdisk and others of OSIE; what a run's template names",
    "boots_agent/unstacking.py": "dmsetup, which removes what a killed action left",
    "boots_agent/modules.py": "modprobe",
    "boots_agent/process.py": "an action, in a process of its own",
    "boots_agent/oci/jail.py": "a container that a run's template names",
}
TAKES_A_SHELL: dict[str, str] = {}
"""Where a person's template says `sh -c`, the words are the template's; no code of ours does."""

READS_PICKLES = {
    "boots/app/planned.py": "from our parent, over a pipe",
    "boots/app/workers/words.py": "from our parent, over an inherited file",
}
LOOKS_AT_NO_CHAIN = {
    "boots/doctor/fetching.py": "the doctor says itself what is wrong with a chain",
    "boots/client/connecting.py": "the certificate of the settings is compared whole",
    "boots_agent/transport.py": "the server's certificate is known by its fingerprint",
    "boots_agent/actions/oci2disk.py": "a template asks for it (INSECURE)",
}
NAMES_DIGESTS = {
    "boots_agent/images/stream.py": "the digests that the server named for an image",
    "boots_agent/images/feeds.py": "the same",
    "boots_agent/images/readback.py": "the same",
    "boots_agent/actions/verify.py": "the same",
    "boots_agent/oci/layers.py": "the digest of a registry's layer",
    "boots/workflow/gotemplate/functions/encoding.py": "Sprig's functions, of a person's template",
}
GUESSABLE = {
    "boots/lab/emulator.py": "what a bad link loses, the same with each run",
    "boots/lab/damage.py": "what a bad link damages",
    "boots/lab/link.py": "what a bad link loses",
    "boots/lab/fleet/booting.py": "made-up machines, the same with each run",
    "boots/lab/fleet/simulate.py": "made-up machines",
    "boots/lab/fleet/engine.py": "made-up machines",
    "boots/lab/fleet/plan.py": "when made-up machines arrive",
}
LOADS_YAML = {
    "boots/web/records.py": "the base loader, which makes texts only",
    "boots/workflow/gotemplate/functions/encoding.py": "a safe loader with fewer kinds",
}

NEVER = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "os.startfile", "commands.getoutput", "pty.spawn"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell"),
    *("marshal.load", "marshal.loads", "shelve.open", "dill.loads", "pickle.Unpickler"),
    *("yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all"),
    *("tempfile.mktemp", "os.tempnam", "os.tmpnam"),
    *("ssl.wrap_socket", "ssl._create_unverified_context", "ssl._create_stdlib_context"),
    *("hashlib.md5", "hashlib.sha1"),
    *("telnetlib.Telnet", "ftplib.FTP"),
}
PROGRAMS = {
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call"),
    *("subprocess.check_output", "run", "os.fork", "os.posix_spawn", "os.posix_spawnp"),
    *(f"os.exec{how}" for how in ("v", "ve", "vp", "vpe", "l", "le", "lp", "lpe")),
    *(f"os.spawn{how}" for how in ("v", "ve", "vp", "vpe", "l", "le", "lp", "lpe")),
    *("asyncio.create_subprocess_exec", "multiprocessing.Process"),
}
"""What starts one; `run` as `lab/network.py` imports it."""


def name_of(path: Path) -> str:
    source = next(each for each in SOURCES if path.is_relative_to(each))
    return str(path.relative_to(source.parent))


MODULES = {name_of(path): path for source in SOURCES for path in sorted(source.rglob("*.py"))}
TREES = {name: list(ast.walk(ast.parse(path.read_text()))) for name, path in MODULES.items()}
"""All that each module says, node by node."""


def dotted(node: ast.expr) -> str:
    """A call's function as it is written: `subprocess.run`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


CALLS = {
    name: [
        (called, node)
        for node in nodes
        if isinstance(node, ast.Call) and (called := dotted(node.func))
    ]
    for name, nodes in TREES.items()
}


@cache
def imported(name: str) -> set[str]:
    found: set[str] = set()
    for node in TREES[name]:
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def places(wanted: set[str]) -> set[str]:
    return {name for name in TREES if any(called in wanted for called, _ in CALLS[name])}


def test_the_search_finds_what_it_looks_for() -> None:
    tree = ast.parse("import subprocess\nsubprocess.run(x, shell=True)\nos.system('x')")
    found = [dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]

    assert found == ["subprocess.run", "os.system"]
    assert len(TREES) > 400


def test_nothing_makes_code_of_data_or_opens_a_shell() -> None:
    assert {
        (name, called) for name in TREES for called, _ in CALLS[name] if called in NEVER
    } == set()


def test_no_call_anywhere_asks_for_a_shell() -> None:
    assert {
        (name, called)
        for name in TREES
        for called, node in CALLS[name]
        for keyword in node.keywords
        if keyword.arg in {"shell", "executable"}
        and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
    } == set()


def test_programs_are_started_in_few_places_each_with_its_reason() -> None:
    uses_run = {name for name in TREES if "subprocess.run" in imported(name)}
    found = places(PROGRAMS - {"run"}) | (places({"run"}) & uses_run)

    assert found == set(STARTS_PROGRAMS)


def test_no_program_is_started_from_a_text() -> None:
    """A text would be split, or be a program's whole name with a space in it: words are lists."""
    assert {
        (name, node.lineno)
        for name in STARTS_PROGRAMS
        for called, node in CALLS[name]
        if called in PROGRAMS and node.args and isinstance(node.args[0], ast.JoinedStr)
    } == set()


def test_pickles_come_from_ourselves_alone() -> None:
    assert places({"pickle.load", "pickle.loads"}) == set(READS_PICKLES)


def test_yaml_is_read_by_loaders_that_make_plain_values() -> None:
    assert places({"yaml.load"}) == set(LOADS_YAML)


def test_xml_of_others_is_not_read() -> None:
    heads = ("xml", "lxml", "defusedxml")

    assert {
        name for name in TREES if any(each.partition(".")[0] in heads for each in imported(name))
    } == set()


def test_archives_are_unpacked_entry_by_entry_by_ourselves() -> None:
    unpacking = {"extractall", "unpack_archive"}

    assert {
        (name, called)
        for name in TREES
        for called, _ in CALLS[name]
        if called.rpartition(".")[2] in unpacking
    } == set()


def test_certificates_are_looked_at_but_where_something_better_is() -> None:
    found = {
        name
        for name in TREES
        for node in TREES[name]
        if (isinstance(node, ast.Attribute) and node.attr == "CERT_NONE")
        or (
            isinstance(node, ast.keyword)
            and node.arg in {"verify", "ssl", "verify_ssl"}
            and isinstance(node.value, ast.Constant)
            and node.value.value is False
        )
    }

    assert found == set(LOOKS_AT_NO_CHAIN)


def test_digests_by_name_are_those_that_a_person_or_the_server_named() -> None:
    assert places({"hashlib.new"}) == set(NAMES_DIGESTS)


def test_chance_that_can_be_guessed_is_for_made_up_machines() -> None:
    assert {name for name in TREES if "random" in imported(name)} == set(GUESSABLE)


def test_no_promise_rests_on_an_assertion() -> None:
    """`python -O` leaves them out.  What stands tells the type checker what is so anyway."""
    found = [
        (name, ast.unparse(node.test))
        for name in TREES
        for node in TREES[name]
        if isinstance(node, ast.Assert)
    ]

    assert [each for each in found if not each[1].endswith("is not None")] == []


@pytest.mark.parametrize(
    "name", [name for name in TREES if name.startswith("boots_agent/actions/")]
)
def test_actions_start_programs_by_one_door(name: str) -> None:
    """What a machine runs as root is started by `programs.py`, from a list of words."""
    assert "subprocess" not in imported(name)
