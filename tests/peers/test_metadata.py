"""cloud-init's own readers against the running server."""

import json
import os
from pathlib import Path

import pytest
from tests.peers.conftest import MAC, SERVER, Lan, boots, lacking, need, run, unpacked_cloud_init

from boots.journal import events
from boots.model.mac import Mac
from boots.policy import token

pytestmark = pytest.mark.peers

RECORDS = f"""\
machines:
  - name: one
    mac: {MAC}
    address: 192.168.70.10/24
    gateway: 192.168.70.1
    name_servers: [192.168.70.53]
    routes: [{{to: 10.0.0.0/8, via: 192.168.70.2}}]
    domain: example.net
    netboot: off
    instance_id: i-one
    ssh_keys: [ssh-ed25519 AAAA one@example, ssh-rsa BBBB two@example]
    user_data: "#cloud-config\\nhostname: one\\n"
    vendor_data: "#cloud-config\\n{{}}\\n"
"""
URL = f"http://{SERVER.ip}:8080"

EC2 = """
import json, sys
from cloudinit.sources.helpers import ec2
found = ec2.get_instance_metadata("2009-04-04", sys.argv[1], timeout=5, retries=0)
print(json.dumps([found, ec2.get_instance_userdata("2009-04-04", sys.argv[1]).decode()]))
"""
NOCLOUD = """
import json, sys
from cloudinit import util
from cloudinit.sources.DataSourceNoCloud import parse_cmdline_data
from cloudinit.net.network_state import parse_net_config_data
line = {"ds": "nocloud"}
assert parse_cmdline_data("ds=nocloud", line, f"root=x ds=nocloud;s={sys.argv[1]} quiet")
found = util.read_seeded(line["seedfrom"], timeout=5)
meta, user, vendor = found[:3]
config = util.load_yaml(util.read_optional_seed.__globals__["url_helper"].read_file_or_url(
    line["seedfrom"] + "network-config").contents)
state = parse_net_config_data(config)
(nic,) = state.iter_interfaces()
print(json.dumps({
    "meta": meta, "user": user.decode(), "vendor": vendor.decode(),
    "mac": nic["mac_address"], "subnets": nic["subnets"],
}))
"""


@pytest.fixture(scope="session")
def cloud_init(tmp_path_factory: pytest.TempPathFactory) -> str:
    """cloud-init's modules."""
    if os.geteuid() != 0:
        lacking("network namespaces need root")
    return unpacked_cloud_init(tmp_path_factory.mktemp("cloud-init"))


def read(lan: Lan, modules: str, program: str, url: str) -> object:
    """What a program with cloud-init's modules prints."""
    python = ["env", f"PYTHONPATH={modules}", "/usr/bin/python3", "-W", "ignore", "-c", program]
    done = run(lan.client, *python, url)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def own_url(folder: Path) -> str:
    key = (folder / "state" / "key").read_bytes()
    return f"{URL}/{token.of(Mac(MAC), key)}"


@pytest.mark.parametrize("by_token", [True, False], ids=["by token", "by address"])
def test_cloud_init_reads_the_tree_of_ec2(
    lan: Lan, tmp_path: Path, cloud_init: str, by_token: bool
) -> None:
    with boots(lan.server, tmp_path, records=RECORDS) as server:
        base = own_url(tmp_path) if by_token else URL
        metadata, user = read(lan, cloud_init, EC2, base)  # type: ignore[misc]

        assert ("i-one", "one") == (metadata["instance-id"], metadata["local-hostname"])
        keys = ["ssh-ed25519 AAAA one@example", "ssh-rsa BBBB two@example"]
        assert keys == metadata["public-keys"]
        assert {"license_activation", "slug"} < set(metadata["operating-system"])
        assert "#cloud-config\nhostname: one\n" == user
        rendered = server.until(events.FileRendered, name="2009-04-04/user-data")
        assert (MAC, "metadata") == (rendered.mac, rendered.source)


def test_cloud_init_reads_nocloud_s_files(lan: Lan, tmp_path: Path, cloud_init: str) -> None:
    with boots(lan.server, tmp_path, records=RECORDS):
        found = read(lan, cloud_init, NOCLOUD, f"{own_url(tmp_path)}/nocloud/")

    assert isinstance(found, dict)
    assert ("i-one", "one") == (found["meta"]["instance-id"], found["meta"]["local-hostname"])
    assert "#cloud-config\nhostname: one\n" == found["user"]
    assert "#cloud-config\n{}\n" == found["vendor"]
    assert MAC == found["mac"]
    (subnet,) = found["subnets"]
    assert ("192.168.70.10", 24) == (subnet["address"], subnet["prefix"])
    assert ["192.168.70.53"] == subnet["dns_nameservers"]
    assert ["example.net"] == subnet["dns_search"]
    gateways = {(str(each["network"]), each["gateway"]) for each in subnet["routes"]}
    assert {("0.0.0.0", "192.168.70.1"), ("10.0.0.0", "192.168.70.2")} == gateways


def test_a_mac_in_the_path_opens_nobody_s_metadata(lan: Lan, tmp_path: Path) -> None:
    flags = ("--config", tmp_path / "boots.toml")
    (tmp_path / "boots.toml").write_text("[metadata]\nby_address = false\n")
    with boots(lan.server, tmp_path, *flags, records=RECORDS) as server:
        for path in (f"{MAC}/nocloud/user-data", "2009-04-04/user-data", "A" * 43 + "/metadata"):
            done = run(lan.client, need("curl"), "-s", "-w", "%{http_code}", f"{URL}/{path}")
            assert done.stdout.endswith("403"), done.stdout
        server.until(events.FetchRefused, name="metadata")
        refused = server.told(events.FetchRefused)
        assert 3 == len(refused)
        assert 0o600 == (tmp_path / "state" / "key").stat().st_mode & 0o777
