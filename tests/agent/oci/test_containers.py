"""Images of containers: their layers over each other, what they start, and one that is run."""

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.actions.disks import made_disk, mounts_below
from tests.agent.actions.made import Told, context
from tests.agent.oci.registries import Shelf, opened
from tests.peers.conftest import lacking, need

from boots_agent.actions.confined import Tree
from boots_agent.actions.container import volume
from boots_agent.actions.context import ActionFailed, Container, Context
from boots_agent.actions.forward import Stream
from boots_agent.actions.table import ACTIONS
from boots_agent.actions.untar import unpack
from boots_agent.images.armed import Armed
from boots_agent.images.reading import Raw
from boots_agent.images.words import Damaged
from boots_agent.oci.settings import start_of, user_of
from boots_agent.oci.whiteouts import Layering


def layer(**entries: bytes | str | None) -> bytes:
    """A tar: None is a folder, a text a link, bytes a file; in names two underscores are a /."""
    return packed({name.replace("__", "/"): each for name, each in entries.items()})


def packed(entries: Mapping[str, bytes | str | None]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content if isinstance(content, bytes) else b""))
    return made.getvalue()


def put(root: Path, *layers: bytes) -> None:
    for content in layers:
        tree = Tree(root)
        pieces = [content]
        stream = Stream(Raw(lambda pieces=pieces: pieces.pop() if pieces else b""), lambda: None)  # type: ignore[misc]
        unpack(stream, tree, lambda _: None, Layering(tree).takes)


def found(root: Path) -> dict[str, str | None]:
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_text()
        for path in sorted(root.rglob("*"))
        if not path.is_symlink()
    }


@pytest.mark.peers
def test_a_layer_takes_away_what_it_names(tmp_path: Path) -> None:
    below = layer(a=None, a__one=b"1", a__two=b"2", b=b"b")
    put(tmp_path, below, packed({"a/.wh.one": b"", ".wh.b": b""}))
    assert {"a": None, "a/two": "2"} == found(tmp_path)


@pytest.mark.peers
@pytest.mark.parametrize("first", [True, False])
def test_an_opaque_folder_keeps_only_what_its_own_layer_has(first: bool, tmp_path: Path) -> None:
    below = layer(a=None, a__old=b"1", a__deep=None, a__deep__old=b"2", a__deep__new=b"3")
    own: dict[str, bytes | str | None] = {"a/new": b"4", "a/deep/new": b"5"}
    opaque: dict[str, bytes | str | None] = {"a/.wh..wh..opq": b""}
    put(tmp_path, below, packed({**opaque, **own} if first else {**own, **opaque}))
    assert {"a": None, "a/deep": None, "a/deep/new": "5", "a/new": "4"} == found(tmp_path)


@pytest.mark.peers
def test_a_file_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    put(tmp_path, layer(a=None, a__b=b"1"), layer(a=b"now a file"))
    assert {"a": "now a file"} == found(tmp_path)


@pytest.mark.peers
def test_what_is_not_there_is_taken_away_without_a_word(tmp_path: Path) -> None:
    put(tmp_path, layer(a=b"1"), packed({"b/.wh.c": b"", "a/.wh.c": b"", ".wh.d": b""}))
    assert {"a": "1"} == found(tmp_path)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["../.wh.victim", "a/../../.wh.victim", ".wh...", ".wh."])
def test_a_layer_takes_nothing_away_outside(name: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("here")
    (tmp_path / "root").mkdir()
    with pytest.raises(Damaged):
        put(tmp_path / "root", packed({name: b""}))
    assert "here" == (tmp_path / "victim").read_text()


@pytest.mark.peers
def test_a_link_of_a_layer_below_leads_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("here")
    (tmp_path / "root").mkdir()
    below = layer(out=str(tmp_path), up="../..")
    above = packed({"out/.wh.victim": b"", "up/.wh..wh..opq": b"", "out/new": b"inside"})
    put(tmp_path / "root", below, above)
    assert "here" == (tmp_path / "victim").read_text()
    assert not (tmp_path / "new").exists()


# --- what it starts


def config(**own: Any) -> bytes:
    return json.dumps({"config": own}).encode()


@pytest.mark.parametrize(
    ("own", "command", "words"),
    [
        ({"Entrypoint": ["/run"], "Cmd": ["all"]}, (), ("/run", "all")),
        ({"Entrypoint": ["/run"], "Cmd": ["all"]}, ("one",), ("/run", "one")),
        ({"Cmd": ["/bin/sh"]}, (), ("/bin/sh",)),
        ({"Cmd": ["/bin/sh"]}, ("sh", "-c", "x"), ("sh", "-c", "x")),
        ({}, ("x",), ("x",)),
    ],
)
def test_a_command_is_for_the_entrypoint(
    own: dict[str, Any], command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert words == start_of(config(**own), command, {}).words


def test_the_variables_of_the_action_win() -> None:
    start = start_of(config(Cmd=["x"], Env=["A=1", "B=2=3"]), (), {"A": "4"})
    assert {"A": "4", "B": "2=3"}.items() <= start.environment.items()
    assert "/usr/bin" in start.environment["PATH"]


@given(
    st.binary()
    | st.builds(json.dumps, st.recursive(st.none() | st.text(), st.lists)).map(str.encode)
)
def test_a_configuration_that_makes_no_sense_is_told(said: bytes) -> None:
    with pytest.raises(Damaged):
        start_of(said, (), {})


PASSWD = "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/:\n"
GROUPS = "root:x:0:\nadm:x:4:web\n"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", (0, 0)), ("web", (33, 44)), ("web:adm", (33, 4)), ("33", (33, 44)), ("7:8", (7, 8))],
)
def test_users_are_those_of_the_image(text: str, numbers: tuple[int, int]) -> None:
    assert numbers == user_of(text, PASSWD, GROUPS)


@pytest.mark.parametrize("text", ["nobody", "web:nobody"])
def test_a_user_that_the_image_has_not_is_told(text: str) -> None:
    with pytest.raises(Damaged, match="nobody"):
        user_of(text, PASSWD, GROUPS)


def test_docker_s_socket_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(ActionFailed, match=r"no Docker in OSIE; what waits .* reboot or kexec"):
        volume("/var/run/docker.sock:/var/run/docker.sock")
    with pytest.raises(ActionFailed, match="must be /of/osie:/in/the/container"):
        volume("name:/data")
    assert volume("/lib/firmware:/lib/firmware:ro").reads


# --- one that is run


@pytest.fixture
def osie(tmp_path: Path) -> Path:
    """OSIE's root: this machine's devices, and none of its disks."""
    if os.geteuid() != 0:
        lacking("namespaces need root")
    root = tmp_path / "osie"
    for name in ("sys", "etc"):
        (root / name).mkdir(parents=True)
    for name in ("dev", "proc"):
        (root / name).symlink_to(f"/{name}")
    (root / "etc/resolv.conf").write_text("nameserver 192.0.2.53\n")
    return root


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with opened(Shelf()) as made:
        yield made


def image(shelf: Shelf, tmp_path: Path, **own: Any) -> str:
    """An image of two layers: BusyBox, and a file that takes another's place."""
    binary = Path(shutil.copy(need("busybox"), tmp_path / "busybox")).read_bytes()
    links: dict[str, bytes | str | None] = {
        f"bin/{name}": "busybox" for name in ("sh", "cat", "echo", "ls", "id", "touch", "mount")
    }
    below = packed({"bin/busybox": binary, **links, "etc/motd": b"old", "etc/gone": b""})
    passwd = b"root:x:0:0::/root:/bin/sh\nweb:x:33:44::/:\n"
    above = packed({"etc/motd": b"new\n", "etc/.wh.gone": b"", "etc/passwd": passwd})
    rows = [{"digest": shelf.add(each), "size": len(each)} for each in (below, above)]
    about = config(**{"Entrypoint": ["/bin/sh", "-c"], **own})
    said = {
        "schemaVersion": 2,
        "config": {"digest": shelf.add(about), "size": len(about)},
        "layers": rows,
    }
    shelf.tags["box"] = shelf.add(json.dumps(said).encode())
    return f"{shelf.url}/images/box:box"


def asked(
    name: str, osie: Path, tmp_path: Path, command: str, *volumes: str, **more: str
) -> tuple[Context, Told]:
    told = Told()
    made = context("container", more, tmp_path / "m", told=told, command=(command,), root=osie)
    return replace(made, container=Container(name, volumes, ())), told


def ran(given: tuple[Context, Told], tmp_path: Path) -> list[str]:
    try:
        ACTIONS["container"](given[0])
    finally:
        assert [] == mounts_below(tmp_path)
        assert [] == list((tmp_path / "m").iterdir())
    return [line for line in given[1].lines if not line.startswith("layer ")]


@pytest.mark.peers
def test_a_container_sees_its_layers_its_variables_and_its_own_processes(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    name = image(shelf, tmp_path, WorkingDir="/etc", Env=["A=1"])
    command = "cat motd; ls; echo $A $B $$; ls -d /dev/null; cat resolv.conf; ls -d /proc/[0-9]*"
    assert [
        "new",
        "motd",
        "passwd",
        "resolv.conf",
        "1 2 1",
        "/dev/null",
        "nameserver 192.0.2.53",
    ] == ran(asked(name, osie, tmp_path, command, B="2"), tmp_path)[:7]


@pytest.mark.peers
def test_a_container_sees_no_processes_but_its_own(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    said = ran(asked(image(shelf, tmp_path), osie, tmp_path, "ls -d /proc/[0-9]*"), tmp_path)
    assert str(os.getpid()) not in "".join(said)
    assert "/proc/1" in said


@pytest.mark.peers
def test_what_a_container_mounts_is_gone_with_it(shelf: Shelf, osie: Path, tmp_path: Path) -> None:
    command = "mount -t tmpfs none /etc && touch /etc/in-there && ls /etc"
    assert ["in-there"] == ran(asked(image(shelf, tmp_path), osie, tmp_path, command), tmp_path)


@pytest.mark.peers
def test_a_container_runs_as_the_user_of_its_image(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    name = image(shelf, tmp_path, User="web")
    assert ["33", "44"] == ran(asked(name, osie, tmp_path, "id -u; id -g"), tmp_path)


@pytest.mark.peers
def test_volumes_are_folders_of_osie_and_stay_for_the_next_action(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    name = image(shelf, tmp_path)
    ran(asked(name, osie, tmp_path, "echo kept >/state/file", "/statedir:/state"), tmp_path)
    assert "kept\n" == (osie / "statedir/file").read_text()
    given = asked(name, osie, tmp_path, "cat /x/file; touch /x/no", "/statedir:/x:ro")
    with pytest.raises(ActionFailed, match="ended with 1"):
        ran(given, tmp_path)
    assert "kept" in given[1].lines
    assert not (osie / "statedir/no").exists()


@pytest.mark.peers
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda shelf, layers: shelf.blobs.update({layers[1]: b"another"}), "something else|tar"),
        (lambda shelf, layers: shelf.blobs.update({layers[0]: shelf.blobs[layers[1]]}), "else"),
    ],
)
def test_a_layer_that_is_another_one_is_not_run(
    change: Callable[[Shelf, list[str]], None],
    why: str,
    shelf: Shelf,
    osie: Path,
    tmp_path: Path,
) -> None:
    name = image(shelf, tmp_path)
    said = json.loads(shelf.blobs[shelf.tags["box"]])
    change(shelf, [each["digest"] for each in said["layers"]])
    with pytest.raises(ActionFailed, match=why):
        ran(asked(name, osie, tmp_path, "echo never"), tmp_path)


@pytest.mark.peers
def test_a_container_ends_with_the_status_of_its_program(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    with pytest.raises(ActionFailed, match="exit 7 ended with 7") as caught:
        ran(asked(image(shelf, tmp_path), osie, tmp_path, "exit 7"), tmp_path)
    assert 7 == caught.value.code
    name = image(shelf, tmp_path, Entrypoint=["/bin/nothing"])
    with pytest.raises(ActionFailed, match="ended with 127"):
        ran(asked(name, osie, tmp_path, "x"), tmp_path)


@pytest.mark.peers
def test_nothing_is_fetched_unless_every_disk_that_is_named_is_armed(
    shelf: Shelf, osie: Path, tmp_path: Path
) -> None:
    def arm(path: str) -> Armed:
        raise ActionFailed(f"{path} is not armed")

    with made_disk(tmp_path, "ext4", table=False) as disk:
        made, _ = asked(image(shelf, tmp_path), osie, tmp_path, "echo never")
        name = made.container.image
        (osie / "sys/dev").symlink_to("/sys/dev")
        both = replace(made, arm=arm, container=Container(name, (), (disk.device,)))
        with pytest.raises(ActionFailed, match="is not armed"):
            ACTIONS["container"](both)
    assert [] == shelf.asked
