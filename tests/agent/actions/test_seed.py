"""What a system reads at its first boot; cloud-init's own reader reads it."""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from tests.agent.actions.disks import looked_at, made_disk
from tests.agent.actions.made import MACHINE, Told, context
from tests.peers.conftest import need, unpacked_cloud_init

from boots_agent.actions import firstboot
from boots_agent.actions.context import ActionFailed
from boots_agent.actions.seed import is_cidata
from boots_agent.actions.table import ACTIONS

URL = MACHINE["phone_home"]
REPORT = """\
#cloud-config
phone_home:
  url: "http://192.0.2.1:8080/TOKEN/phone-home"
  post:
    - "instance_id"
    - "hostname"
  tries: 10
"""


def test_the_report_is_vendor_data() -> None:
    assert REPORT == firstboot.vendor_data("", URL)


def test_without_a_url_vendor_data_stays_as_it_is() -> None:
    assert "#cloud-config\n{}\n" == firstboot.vendor_data("#cloud-config\n{}\n", "")


def test_vendor_data_of_the_record_is_kept_beside_the_report() -> None:
    own = "#!/bin/sh\necho grüße\n"
    first, second = message_from_string(firstboot.vendor_data(own, URL)).get_payload()
    assert own == first.get_payload(decode=True).decode()
    assert "text/cloud-config" == second.get_content_type()
    assert REPORT == second.get_payload()


def test_vendor_data_in_parts_keeps_its_parts() -> None:
    inner = firstboot.vendor_data("#cloud-config\n{}\n", "http://other/")
    both = message_from_string(firstboot.vendor_data(inner, URL))
    kinds = [part.get_content_type() for part in both.walk() if not part.is_multipart()]
    assert ["text/plain", "text/cloud-config", "text/cloud-config"] == kinds


class Heard(http.server.BaseHTTPRequestHandler):
    """Takes reports; the first is refused, as by a server that is just starting."""

    said: list[tuple[str, dict[str, list[str]]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.said.append((self.path, parse_qs(body)))
        self.send_response(503 if len(self.said) == 1 else 204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, dict[str, list[str]]]]]]:
    said: list[tuple[str, dict[str, list[str]]]] = []
    handler = type("Handler", (Heard,), {"said": said})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/TOKEN/phone-home", said
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("program", ["curl", "wget", "bash"])
def test_the_script_reports_with_what_is_there_until_it_is_heard(
    program: str, server: tuple[str, list[tuple[str, dict[str, list[str]]]]], tmp_path: Path
) -> None:
    url, said = server
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "bin").mkdir()
    for name in ("bash", *({program} - {"bash"})):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "bin/sleep").write_text("#!/bin/sh\n")
    (tmp_path / "bin/sleep").chmod(0o755)
    text = firstboot.script({**MACHINE, "phone_home": url}).replace(
        firstboot.DONE, str(tmp_path / "done")
    )
    done = subprocess.run(
        ["/bin/sh"], input=text, text=True, env={"PATH": str(tmp_path / "bin")}, check=False
    )
    assert 0 == done.returncode
    assert (tmp_path / "done").exists()
    body = {"instance_id": ["i-one"], "hostname": ["node-1"]}
    assert [("/TOKEN/phone-home", body)] * 2 == said


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / firstboot.UNIT
    unit.write_text(firstboot.unit())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert firstboot.UNIT not in done.stderr, done.stderr
    assert 0 == done.returncode, done.stderr


def test_without_a_url_there_is_no_unit() -> None:
    with pytest.raises(ActionFailed, match="takes no report"):
        firstboot.script({**MACHINE, "phone_home": ""})


@pytest.mark.parametrize("options", [("-F", "32"), ("-F", "16"), ("-F", "12")])
def test_a_cidata_partition_is_known_by_its_label(
    options: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkfs = shutil.which("mkfs.vfat") or shutil.which("mkfs.vfat", path="/usr/sbin:/sbin")
    if mkfs is None:
        pytest.skip("mkfs.vfat is not installed")
    file = tmp_path / "fat"
    file.touch()
    os.truncate(file, 64 << 20)
    subprocess.run([mkfs, *options, "-n", "cidata", file], check=True, capture_output=True)
    monkeypatch.setattr("boots_agent.actions.below.stat.S_ISBLK", lambda _: True)
    assert is_cidata(str(file))
    subprocess.run([mkfs, *options, "-n", "DATA", file], check=True, capture_output=True)
    assert not is_cidata(str(file))


def test_another_type_is_refused(tmp_path: Path) -> None:
    wanted = {"DEST_DISK": "/dev/nothing-1", "TYPE": "ignition"}
    with pytest.raises(ActionFailed, match="TYPE is nocloud; 'ignition' is not known"):
        ACTIONS["seed"](context("seed", wanted, tmp_path / "m"))


# --- on a disk


READ = """
import json, sys
from cloudinit import helpers
from cloudinit.config.schema import get_schema, validate_cloudconfig_schema
from cloudinit.net.network_state import parse_net_config_data
from cloudinit.sources.DataSourceNoCloud import DataSourceNoCloud
from cloudinit.user_data import UserDataProcessor
from cloudinit import util
paths = helpers.Paths({"cloud_dir": sys.argv[1], "run_dir": sys.argv[2]})
source = DataSourceNoCloud({}, None, paths)
assert source._get_data()
parts = [part for part in UserDataProcessor(paths).process(source.vendordata_raw).walk()
         if not part.is_multipart()]
configs = [util.load_yaml(part.get_payload(decode=True).decode())
           for part in parts if part.get_content_type() == "text/cloud-config"]
for config in configs:
    validate_cloudconfig_schema(config, get_schema(), strict=True)
(nic,) = parse_net_config_data(source.network_config).iter_interfaces()
print(json.dumps({
    "meta": source.metadata, "user": util.decode_binary(source.userdata_raw), "seed": source.seed,
    "kinds": [part.get_content_type() for part in parts], "configs": configs,
    "mac": nic["mac_address"], "subnets": nic["subnets"],
}))
"""


@pytest.mark.peers
@pytest.mark.parametrize("vendor", ["", "#cloud-config\npackages: [vim]\n", "#!/bin/sh\ntrue\n"])
def test_cloud_init_reads_the_seed(
    vendor: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        wanted, machine = {"DEST_DISK": disk.partition}, {**MACHINE, "vendor_data": vendor}
        told = Told()
        asked = context(
            "seed",
            wanted,
            tmp_path / "m",
            told=told,
            arm=lambda _: disk.armed(),
            machine=machine,
        )
        ACTIONS["seed"](asked)
        modules = cloud_init(tmp_path_factory)
        with looked_at(disk.partition, tmp_path) as root:
            words = [root / "var/lib/cloud", tmp_path / "run"]
            found = read(modules, *map(str, words))
            seeds = sorted((root / "var/lib/cloud/seed/nocloud").iterdir())
            assert {0o100600} == {each.stat().st_mode for each in seeds}
    assert "there is no cloud-init on it" in told.lines[-1]
    assert {"instance-id": "i-one", "local-hostname": "node-1"}.items() <= found["meta"].items()
    assert MACHINE["user_data"] == found["user"]
    assert "52:54:00:12:34:01" == found["mac"]
    assert "192.0.2.10" == found["subnets"][0]["address"]
    reports = [each["phone_home"]["url"] for each in found["configs"] if "phone_home" in each]
    assert [URL] == reports
    if vendor.startswith("#!"):
        assert ["text/x-shellscript", "text/cloud-config"] == found["kinds"]
    if "vim" in vendor:
        assert {"packages": ["vim"]} in found["configs"]


_MODULES: list[str] = []


def cloud_init(factory: pytest.TempPathFactory) -> str:
    if not _MODULES:
        _MODULES.append(unpacked_cloud_init(factory.mktemp("cloud-init")))
    return _MODULES[0]


def read(modules: str, *words: str) -> dict[str, object]:
    command = ["env", f"PYTHONPATH={modules}", "/usr/bin/python3", "-W", "ignore", "-c", READ]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.peers
def test_a_system_without_cloud_init_gets_a_unit(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        asked = context(
            "seed",
            {"DEST_DISK": disk.partition, "UNIT": "yes"},
            tmp_path / "m",
            arm=lambda _: disk.armed(),
        )
        with pytest.raises(ActionFailed, match="is for systemd, and there is none"):
            ACTIONS["seed"](asked)
        with looked_at(disk.partition, tmp_path) as root:
            assert not (root / "etc").exists()
        words = [need("debugfs"), "-w", "-f", "-", disk.partition]
        given = "mkdir etc\nmkdir etc/systemd\n"
        subprocess.run(words, input=given, text=True, check=True, capture_output=True)
        ACTIONS["seed"](asked)
        ACTIONS["seed"](asked)  # twice does no harm
        with looked_at(disk.partition, tmp_path) as root:
            units = root / "etc/systemd/system"
            assert firstboot.unit() == (units / firstboot.UNIT).read_text()
            wanted = units / "multi-user.target.wants" / firstboot.UNIT
            assert f"/etc/systemd/system/{firstboot.UNIT}" == str(wanted.readlink())
            assert URL in (root / "etc/boots-phone-home").read_text()
            assert 0o100600 == (root / "etc/boots-phone-home").stat().st_mode
