"""Images out of registries: by name, platform and layer, for whoever may."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, file_disk
from tests.agent.images.made import PACKED, Clock, pattern
from tests.agent.oci.registries import Shelf, basic, digest_of, opened
from tests.peers.conftest import need

from boots_agent.actions import oci2disk
from boots_agent.actions.context import ActionFailed
from boots_agent.images.http import Net
from boots_agent.images.words import Damaged, ImageError, Unreachable, Unsuitable
from boots_agent.oci.layers import find_layer
from boots_agent.oci.names import Name, read_name
from boots_agent.oci.registry import Login, Registry

IMAGE = pattern(700)
PACK = PACKED["zstd"](IMAGE)
SIZE = 8 * MIB


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def path(stage: Stage, tmp_path: Path) -> Path:
    made = file_disk(tmp_path / "disk", SIZE, b"old ")
    stage.allow(made, made)
    return made


def shelf(**more: object) -> Shelf:
    made = Shelf(**more)  # type: ignore[arg-type]
    made.tags["13"] = made.image(PACK)
    return made


def write(stage: Stage, path: Path, url: str, **more: str) -> None:
    oci2disk.write(stage.context("oci2disk", IMG_URL=url, DEST_DISK=str(path), **more))


# --- names


@pytest.mark.parametrize(
    ("text", "base", "repository", "reference"),
    [
        ("debian", "https://registry-1.docker.io", "library/debian", "latest"),
        ("me/disk:v1", "https://registry-1.docker.io", "me/disk", "v1"),
        ("docker.io/debian:13", "https://registry-1.docker.io", "library/debian", "13"),
        ("ghcr.io/a/b/c:1.0", "https://ghcr.io", "a/b/c", "1.0"),
        ("localhost/x", "https://localhost", "x", "latest"),
        ("192.0.2.1:5000/x/y", "https://192.0.2.1:5000", "x/y", "latest"),
        ("http://r.lan:5000/x:t", "http://r.lan:5000", "x", "t"),
        ("oci://r.lan/x", "https://r.lan", "x", "latest"),
        (f"r.lan/x@sha256:{'0' * 64}", "https://r.lan", "x", f"sha256:{'0' * 64}"),
        (f"r.lan/x:t@sha256:{'0' * 64}", "https://r.lan", "x", f"sha256:{'0' * 64}"),
    ],
)
def test_names_are_read_as_docker_reads_them(
    text: str, base: str, repository: str, reference: str
) -> None:
    assert Name(base, repository, reference) == read_name(text)


@pytest.mark.parametrize(
    "text",
    ["", "UPPER/x", "r.lan/", "r.lan/x:a b", "r.lan/x@sha256:12", "ftp://r.lan/x", "r.lan/../x"],
)
def test_what_is_no_name_is_told(text: str) -> None:
    with pytest.raises(Unsuitable):
        read_name(text)


# --- writing


def test_an_image_comes_from_a_registry_to_a_disk(stage: Stage, path: Path) -> None:
    with opened(shelf()) as registry:
        write(stage, path, f"{registry.url}/images/debian:13")
    assert IMAGE == path.read_bytes()[: len(IMAGE)]
    assert f"a layer of {len(PACK)} bytes" in stage.said()
    assert [digest_of(PACK)] == [
        asked.rpartition("/")[2] for asked, _ in registry.asked if "/blobs/" in asked
    ]


@pytest.mark.parametrize("login", [None, ("me", "hush")])
def test_a_token_is_fetched_and_shown(
    login: tuple[str, str] | None, stage: Stage, path: Path
) -> None:
    who = {"REGISTRY_USERNAME": "me", "REGISTRY_PASSWORD": "hush"} if login else {}
    with opened(shelf(auth="bearer", login=login)) as registry:
        write(stage, path, f"{registry.url}/images/debian:13", **who)
    assert IMAGE == path.read_bytes()[: len(IMAGE)]
    assert ["token-0"] == registry.tokens
    expected = basic("me", "hush") if login else ""
    assert [expected] == [allowed for asked, allowed in registry.asked if "/token" in asked]
    assert "service=registry%2C+here" in next(
        asked for asked, _ in registry.asked if "/token" in asked
    )


def test_a_token_that_has_expired_is_fetched_anew_on_the_way(stage: Stage, path: Path) -> None:
    with opened(shelf(auth="bearer", expires=0, cut_after=len(PACK) // 2)) as registry:
        write(stage, path, f"{registry.url}/images/debian:13")
    assert IMAGE == path.read_bytes()[: len(IMAGE)]
    assert len(registry.tokens) > 1


def test_name_and_password_for_a_registry_that_takes_them(stage: Stage, path: Path) -> None:
    with opened(shelf(auth="basic", login=("me", "hush"))) as registry:
        url = f"{registry.url}/images/debian:13"
        write(stage, path, url, REGISTRY_USERNAME="me", REGISTRY_PASSWORD="hush")
        assert IMAGE == path.read_bytes()[: len(IMAGE)]
        with pytest.raises(ActionFailed, match="wants a name and a password"):
            write(stage, path, url)


def test_a_wrong_password_is_told_before_anything_is_armed(stage: Stage, path: Path) -> None:
    with (
        opened(shelf(auth="bearer", login=("me", "hush"))) as registry,
        pytest.raises(ActionFailed, match=r"no token for me: .* answers 401 who are you"),
    ):
        write(
            stage,
            path,
            f"{registry.url}/images/debian:13",
            REGISTRY_USERNAME="me",
            REGISTRY_PASSWORD="wrong",
        )
    assert [] == stage.armed


def test_where_blobs_lie_nobody_hears_the_token(stage: Stage, path: Path) -> None:
    with opened(shelf()) as store, opened(shelf(auth="bearer", elsewhere=store.url)) as registry:
        write(stage, path, f"{registry.url}/images/debian:13")
    assert IMAGE == path.read_bytes()[: len(IMAGE)]
    assert [""] == [allowed for _, allowed in store.asked]


def test_a_registry_in_trouble_is_asked_again() -> None:
    clock = Clock()
    with opened(shelf(troubled=3)) as registry:
        name = read_name(f"{registry.url}/images/debian:13")
        asked = Registry(name, None, Net(clock.sleep, 10))
        assert digest_of(PACK) == find_layer(name, asked.manifest, "x86_64").digest
        assert [1, 2, 4] == clock.slept
        registry.troubled = 99
        with pytest.raises(Unreachable, match="answers 503; tried for"):
            asked.manifest()


def test_an_image_nobody_has_is_told(stage: Stage, path: Path) -> None:
    with (
        opened(shelf()) as registry,
        pytest.raises(ActionFailed, match="answers 404 MANIFEST_UNKNOWN"),
    ):
        write(stage, path, f"{registry.url}/images/debian:14")


def test_a_blob_that_is_another_one_is_a_failure(stage: Stage, path: Path) -> None:
    with opened(shelf()) as registry:
        registry.blobs[digest_of(PACK)] = PACKED["zstd"](pattern(700, "other"))
        with pytest.raises(ImageError, match="and should have"):
            write(stage, path, f"{registry.url}/images/debian:13")
    assert b"BOOTS HALF-WRITTEN" == path.read_bytes()[:18]


def test_a_manifest_that_is_another_one_is_refused(stage: Stage, path: Path) -> None:
    with opened(shelf()) as registry:
        digest = registry.tags["13"]
        registry.blobs[digest] = registry.blobs[registry.image(b"another")]
        with pytest.raises(ActionFailed, match=f"something else for {digest}"):
            write(stage, path, f"{registry.url}/images/debian@{digest}")


# --- which layer


def layer_of(made: Shelf, digest: str, machine: str = "x86_64") -> str:
    name = Name("http://r", "images/debian", digest)
    return find_layer(name, made.blobs.__getitem__, machine).digest


def test_an_index_is_read_for_the_machines_cpu() -> None:
    made = Shelf()
    one, other = made.image(b"for amd64"), made.image(b"for arm64")
    index = made.index(amd64=one, arm64=other)
    assert digest_of(b"for amd64") == layer_of(made, index)
    assert digest_of(b"for arm64") == layer_of(made, index, "aarch64")
    with pytest.raises(Unsuitable, match="no image for linux/riscv64; it has linux/amd64, linux"):
        layer_of(made, index, "riscv64")


def test_of_several_layers_the_one_that_is_a_disk() -> None:
    made = Shelf()
    good = made.image(b"words", b"a disk", titles=("README.md", "debian.qcow2"))
    assert digest_of(b"a disk") == layer_of(made, good)
    both = made.image(b"one", b"two", titles=("a.raw", "b.raw"))
    with pytest.raises(Unsuitable, match=r"which of these .* a\.raw, b\.raw"):
        layer_of(made, both)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"no json", Damaged),
        (b"[]", Damaged),
        (b'{"schemaVersion": 1}', Unsuitable),
        (b'{"layers": []}', Unsuitable),
        (b'{"layers": [{"digest": "sha256:../../x"}]}', Damaged),
        (b'{"layers": [{}]}', Damaged),
        (b'{"manifests": []}', Unsuitable),
        (b'{"manifests": [3, {"digest": "md5:00"}]}', Damaged),
    ],
)
def test_a_manifest_that_makes_no_sense_is_told(said: bytes, error: type[Exception]) -> None:
    made = Shelf()
    with pytest.raises(error):
        layer_of(made, made.add(said))


def test_indexes_in_indexes_have_an_end() -> None:
    loop = json.dumps({"manifests": [{"digest": f"sha256:{'0' * 64}"}]}).encode()
    name = Name("http://r", "x", "latest")
    with pytest.raises((Unsuitable, Damaged)):
        find_layer(name, lambda _: loop, "x86_64")


# --- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    made = tmp_path / "certificate.pem"
    words = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=registry", "-keyout", str(made), "-out", f"{made}.crt"]
    subprocess.run(words, check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + Path(f"{made}.crt").read_bytes())
    return made


def test_a_registry_that_nobody_vouches_for_is_refused_unless_told_otherwise(
    stage: Stage, path: Path, certificate: Path
) -> None:
    with opened(shelf(auth="bearer"), certificate) as registry:
        url = f"{registry.host}/images/debian:13"
        with pytest.raises(ActionFailed, match=r"certificate verify failed.*SKIP_VERIFY"):
            write(stage, path, url)
        assert [] == stage.armed
        write(stage, path, url, SKIP_VERIFY="true")
    assert IMAGE == path.read_bytes()[: len(IMAGE)]


def test_tokens_do_not_travel_without_tls() -> None:
    name = Name("https://r.lan", "images/debian", "13")
    registry = Registry(name, Login("me", "hush"), Net(lambda _: None))
    registry._challenge = 'Bearer realm="http://r.lan/token"'
    with pytest.raises(Unsuitable, match="without TLS"):
        registry.headers("https://r.lan/v2/")
