"""What is handed over to the user that a server becomes, and what never is."""

import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boots.app.privileges import folders, identity, reading
from boots.app.privileges.identity import Identity
from boots.serve.sockets import StartError
from boots.settings import Boot, Http, Settings, Store

NOBODY = Identity("nobody", *pwd.getpwnam("nobody")[2:4])


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may get to; pytest's own are closed to others."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o711)
        yield Path(made)


def settings(place: Path, **more: object) -> Settings:
    return Settings(state=str(place / "state"), cache=str(place / "cache"), **more)  # type: ignore[arg-type]


def owner(path: Path) -> int:
    return path.lstat().st_uid


def test_what_is_kept_and_the_journal_become_the_users(place: Path) -> None:
    (place / "state" / "deep").mkdir(parents=True)
    (place / "state" / "boots.db").write_text("kept")
    (place / "state" / "deep" / "one").write_text("kept")

    folders.hand_over(settings(place, journal=str(place / "journal.jsonl")), NOBODY, None)

    given = ("state", "state/boots.db", "state/deep", "state/deep/one", "cache", "journal.jsonl")
    assert {owner(place / name) for name in given} == {NOBODY.uid}
    assert owner(place) == 0


def test_a_link_is_no_way_to_be_given_another_file(place: Path) -> None:
    secret = place / "shadow"
    secret.write_text("root's")
    (place / "state").mkdir()
    (place / "state" / "soft").symlink_to(secret)
    os.link(secret, place / "state" / "hard")

    folders.hand_over(settings(place), NOBODY, None)

    assert owner(secret) == 0


def test_a_folder_behind_a_link_is_left_alone(place: Path) -> None:
    (place / "others").mkdir()
    (place / "others" / "file").write_text("root's")
    (place / "state").mkdir()
    (place / "state" / "in").symlink_to(place / "others")

    folders.hand_over(settings(place), NOBODY, None)

    assert (owner(place / "others"), owner(place / "others" / "file")) == (0, 0)


@pytest.mark.parametrize("named", ["/etc", "/var/lib", "/root", "/tmp", "/usr/../etc"])
def test_a_folder_of_others_is_refused(place: Path, named: str) -> None:
    before = owner(Path(named))

    with pytest.raises(StartError) as refused:
        folders.hand_over(Settings(state=named, cache=str(place / "cache")), NOBODY, None)

    assert str(refused.value) == f"{named} is not for Boots alone; name a folder of its own"
    assert owner(Path(named)) == before


def test_the_folder_of_a_store_in_a_file_is_one_of_them(place: Path) -> None:
    store = Store(url=f"sqlite:///{place}/kept/boots.db")

    folders.hand_over(settings(place, store=store), NOBODY, None)

    assert owner(place / "kept") == NOBODY.uid


def test_of_the_stores_folder_nothing_else_is_given(place: Path) -> None:
    (place / "kept" / "deep").mkdir(parents=True)
    for name in ("boots.db", "boots.db-wal", "photos", "deep/one"):
        (place / "kept" / name).write_text("")
    store = Store(url=f"sqlite:///{place}/kept/boots.db")

    folders.hand_over(settings(place, store=store), NOBODY, None)

    names = ("boots.db", "boots.db-wal", "photos", "deep", "deep/one")
    given = [NOBODY.uid, NOBODY.uid, 0, 0, 0]
    assert [owner(place / "kept" / name) for name in names] == given


@pytest.mark.parametrize("what", ["boots.toml", "machines.yaml", "tls.key"])
def test_the_store_has_no_folder_that_tells_us_what_to_do(place: Path, what: str) -> None:
    (place / what).write_text("")
    asked = settings(
        place,
        store=Store(url=f"sqlite:///{place}/boots.db"),
        machines=[str(place / "machines.yaml")] if what == "machines.yaml" else [],
        http=Http(key=str(place / "tls.key") if what == "tls.key" else ""),
    )

    with pytest.raises(StartError) as refused:
        folders.hand_over(asked, NOBODY, place / "boots.toml" if what == "boots.toml" else None)

    assert str(refused.value) == (
        f"store.url: {place} holds {place / what}, too, which who serves could change then;"
        " give the store a folder of its own"
    )
    assert owner(place) == 0


def test_a_store_in_the_folder_of_state_is_no_folder_more(place: Path) -> None:
    asked = settings(place, store=Store(url=f"sqlite:///{place}/state/other.db"))

    assert folders.written(asked)[0] == [place / "state", place / "cache"]


def test_a_pipe_that_the_journal_goes_to_can_be_opened_by_the_user(place: Path) -> None:
    os.mkfifo(place / "pipe", 0o600)

    folders.hand_over(settings(place, journal=str(place / "pipe")), NOBODY, None)

    assert owner(place / "pipe") == NOBODY.uid


def test_every_file_that_the_user_cannot_read_is_told(place: Path) -> None:
    for name in ("open.yaml", "shut.yaml"):
        (place / name).write_text("machines: []\n")
    (place / "shut.yaml").chmod(0o600)
    (place / "key.pem").write_text("")
    (place / "key.pem").chmod(0o400)
    (place / "boot").mkdir()
    (place / "boot" / "deep").mkdir(mode=0o700)
    asked = Settings(
        machines=[str(place / "open.yaml"), str(place / "shut.yaml")],
        http=Http(key=str(place / "key.pem")),
        boot=Boot(files=[str(place / "boot")], osie=str(place / "nothing")),
    )

    with identity.eyes_of(NOBODY):
        told = reading.closed(asked, None)

    closed = [place / name for name in ("shut.yaml", "key.pem", "boot/deep")]
    assert [each for each in told if place in each.parents] == closed


def test_a_closed_folder_on_the_way_is_told_instead_of_the_file(place: Path) -> None:
    (place / "shut").mkdir(mode=0o700)
    (place / "shut" / "a.yaml").write_text("machines: []\n")

    with identity.eyes_of(NOBODY):
        assert list(reading.below(place / "shut" / "a.yaml")) == [place / "shut"]


def test_eyes_are_given_back(place: Path) -> None:
    before = os.geteuid(), os.getegid(), os.getgroups()
    with identity.eyes_of(NOBODY):
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (NOBODY.uid, NOBODY.gid, [])
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before


def test_a_user_that_is_not_there_is_refused_with_what_to_do() -> None:
    with pytest.raises(StartError) as refused:
        identity.named("boots-nowhere")

    assert str(refused.value) == (
        'user = "boots-nowhere": there is no such user; make it'
        " (useradd --system --no-create-home boots-nowhere), or name another"
    )
