"""Environments of Smee, Tinkerbell and Boots 2021 in our own words."""

from typing import Any

import pytest

from boots.app.smee.parts import Here
from boots.app.smee.release2021 import BOOTS
from boots.app.smee.release2025 import SMEE
from boots.app.smee.release2026 import TINKERBELL
from boots.app.smee.translate import translate
from boots.app.smee.words import Moved, Release, Row, Standing
from boots.settings import Settings, SettingsError, all_keys, load

HERE = Here((), lambda: "eth0", {"eth0": "192.0.2.9", "eth1": "192.0.2.1"}.get)
RELEASES = (SMEE, TINKERBELL, BOOTS)
# A Smee that starts, whatever else is set.
FILE = {"SMEE_BACKEND_FILE_ENABLED": "true", "SMEE_BACKEND_FILE_PATH": "/etc/smee/hw.yaml"}


def smee(**environment: str) -> Moved:
    """Of variables without their prefix."""
    return translate(FILE | {f"SMEE_{name}": text for name, text in environment.items()}, HERE)


def tinkerbell(**environment: str) -> Moved:
    given = {f"TINKERBELL_{name}": text for name, text in environment.items()}
    return translate({"TINKERBELL_BACKEND": "none", **given}, HERE)


def refused(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        translate(environment, HERE)
    return str(caught.value)


def became(moved: Moved, name: str) -> Row:
    """The last that is said of a variable."""
    return [row for row in moved.rows if row.name == name][-1]


def values(moved: Moved, *keys: str) -> list[Any]:
    return [moved.values.get(key) for key in keys]


# --- the tables


def variables() -> list[Any]:
    return [
        pytest.param(release, name, id=release.prefix + name)
        for release in RELEASES
        for name in release.variables
    ]


@pytest.mark.parametrize(("release", "name"), variables())
def test_every_variable_is_told_of_when_it_is_set(release: Release, name: str) -> None:
    kind = release.variables[name].kind
    whole = release.prefix + name
    moved = translate(
        {
            "SMEE_BACKEND_FILE_ENABLED": "true" if release is SMEE and "NOOP" not in name else "",
            "SMEE_BACKEND_FILE_PATH": "a.yaml" if release is SMEE else "",
            "TINKERBELL_BACKEND_FILE_PATH": "a.yaml" if release is TINKERBELL else "",
            whole: kind.example if kind else "x",
        },
        HERE,
    )

    rows = [row for row in moved.rows if row.name == whole]
    assert rows
    for row in rows:
        assert row.standing is not Standing.UNKNOWN
        assert row.key or row.note, "what is ignored is ignored for a reason"


@pytest.mark.parametrize(("release", "name"), variables())
def test_every_variable_means_something_of_ours_or_says_why_not(
    release: Release, name: str
) -> None:
    variable = release.variables[name]
    keys = {key for key, _, _ in all_keys()}

    assert (variable.key in keys) + bool(variable.part) + (variable.kind is None) == 1
    assert variable.kind is not None or variable.why


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_what_is_translated_is_what_our_settings_take(release: Release) -> None:
    examples = {
        release.prefix + name: variable.kind.example
        for name, variable in release.variables.items()
        if variable.kind is not None
        and name not in {"BACKEND_NOOP_ENABLED", "BACKEND_KUBE_ENABLED"}
    }

    assert isinstance(load(None, {}, {}, translate(examples, HERE).values), Settings)


# --- what becomes of values


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("LOG_LEVEL", "debug", "log.level", "debug"),
        ("DHCP_MODE", "proxy", "dhcp.mode", "proxy"),
        ("DHCP_MODE", "Auto-Proxy", "dhcp.mode", "auto-proxy"),
        ("DHCP_ENABLED", "false", "dhcp.mode", "off"),
        ("DHCP_ADDR", "0.0.0.0:1067", "dhcp.port", 1067),
        ("DHCP_IFACE", "eth1", "interfaces", ["eth1"]),
        ("PUBLIC_IP_INTERFACE", "eth1", "interfaces", ["eth1"]),
        ("DHCP_IP_FOR_PACKET", "10.0.0.2", "address", "10.0.0.2"),
        ("DHCP_SYSLOG_IP", "10.0.0.3", "syslog.address", "10.0.0.3"),
        ("DHCP_TFTP_IP", "10.0.0.4", "tftp.address", "10.0.0.4"),
        ("TFTP_PORT", "1069", "tftp.port", 1069),
        ("HTTP_PORT", "9000", "http.port", 9000),
        ("OSIE_URL", "http://10.0.0.5/hook/", "hook.url", "http://10.0.0.5/hook"),
        ("EXTRA_KERNEL_ARGS", "a=1  b", "boot.kernel_args", ["a=1", "b"]),
        ("IPXE_SCRIPT_RETRIES", "7", "boot.retries", 7),
        ("TINK_SERVER", "tink:42113", "hook.grpc_authority", "tink:42113"),
        ("TINK_SERVER_TLS", "true", "hook.tls", True),
        (
            *("TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1", "http.trusted_proxies"),
            ["10.0.0.0/8", "192.168.1.1/32"],
        ),
        ("ISO_ENABLED", "1", "iso.enabled", True),
        ("ISO_MAGIC_STRING", "abc", "iso.placeholder", "abc"),
        ("SYSLOG_ENABLED", "F", "syslog.enabled", False),
        ("TFTP_BLOCK_SIZE", "512", "tftp.largest_block", 0),
        ("TFTP_BLOCK_SIZE", "1400", "tftp.largest_block", 1400),
        ("IPXE_SCRIPT_PATCH", "set x 1", "boot.script_patch", "set x 1"),
        ("OTEL_ENDPOINT", "otel:4317", "trace.endpoint", "http://otel:4318"),
    ],
)
def test_a_variable_of_smee_is_a_setting_of_ours(
    name: str, text: str, key: str, value: object
) -> None:
    assert value == smee(**{name: text}).values[key]


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("LOG_LEVEL", "0", "log.level", "info"),
        ("LOG_LEVEL", "-1", "log.level", "error"),
        ("SMEE_LOG_LEVEL", "3", "log.level", "debug"),
        ("PUBLIC_IPV4", "10.0.0.2", "address", "10.0.0.2"),
        ("DHCP_BIND_INTERFACE", "eth1", "interfaces", ["eth1"]),
        ("IPXE_OVERRIDE_ARCH_MAPPING", "7=a.efi, 0=b", "boot.override", ["7=a.efi", "0=b"]),
        ("IPXE_HTTP_SCRIPT_EXTRA_KERNEL_ARGS", "a b", "boot.kernel_args", ["a b"]),
        ("IPXE_HTTP_SCRIPT_KERNEL_NAME", "captain", "hook.kernel", "captain-{cpu}"),
        ("IPXE_SCRIPT_SYSLOG_FQDN", "log.example", "hook.syslog", "log.example"),
        ("IPXE_BINARY_INJECT_MAC_ADDR_FORMAT", "no-delimiter", "boot.mac_form", "plain"),
        ("IPXE_SCRIPT_TINK_SERVER_ADDR_PORT", "tink", "hook.grpc_authority", "tink:42113"),
        ("IPXE_SCRIPT_TINK_SERVER_ADDR_PORT", "[::1]:1", "hook.grpc_authority", "[::1]:1"),
        ("IPXE_SCRIPT_TINK_SERVER_ADDR_PORT", "[::1]", "hook.grpc_authority", "[::1]:42113"),
        ("TLS_CERT_FILE", "/c.pem", "http.certificate", "/c.pem"),
        ("TLS_CERT_FILE", "/c.pem", "hook.tls", True),
        ("TFTP_SINGLE_PORT", "false", "tftp.single_port", False),
        ("TFTP_ASSET_DIR", "/srv", "boot.files", ["/srv"]),
        ("ENABLE_TOOTLES", "false", "metadata.enabled", False),
        ("OTEL_ENDPOINT", "otel:9", "trace.endpoint", "https://otel:9"),
        ("DISABLE_HTTP_TO_HTTPS_REDIRECT", "true", "http.port", 7080),
    ],
)
def test_a_variable_of_tinkerbell_is_a_setting_of_ours(
    name: str, text: str, key: str, value: object
) -> None:
    assert value == tinkerbell(**{name: text}).values[key]


def test_boots_2021_is_read_where_nothing_newer_is_set() -> None:
    moved = translate(
        {
            "PUBLIC_IP": "10.0.0.2",
            "HTTP_BIND": "10.0.0.2:8000",
            "DHCP_LEASE_TIME": "1h30m",
            "TINKERBELL_GRPC_AUTHORITY": "tink:42113",
            "API_AUTH_TOKEN": "hush",
            "PATH": "/bin",
        },
        HERE,
    )

    keys = ("address", "http.port", "dhcp.lease_time", "hook.grpc_authority", "hook.release")
    assert ["10.0.0.2", 8000, 5400, "tink:42113", "2025"] == values(moved, *keys)
    assert "Boots 2021" == moved.release
    assert "PATH" not in {row.name for row in moved.rows}
    assert "a Tink server or cacher" in moved.no_records


def test_of_two_generations_the_newer_is_read_and_the_other_named() -> None:
    moved = tinkerbell(HTTP_PORT="1")
    both = translate({"TINKERBELL_HTTP_PORT": "1", "SMEE_HTTP_PORT": "2"}, HERE)

    assert 1 == moved.values["http.port"] == both.values["http.port"]
    assert Standing.IGNORED is became(both, "SMEE_HTTP_PORT").standing


# --- what means something without being set


def test_defaults_of_smee_that_are_not_ours_hold() -> None:
    keys = ("http.port", "boot.retries", "boot.retry_delay", "tftp.single_port", "hook.release")
    assert [8080, 0, 2, True, "2025"] == values(smee(), *keys)


def test_defaults_of_tinkerbell_that_are_not_ours_hold() -> None:
    keys = ("http.port", "http.https_port", "boot.retries", "boot.retry_delay", "hook.release")
    assert [7080, 7443, 1, 1, "2026"] == values(tinkerbell(), *keys)
    assert "192.0.2.9:42113" == tinkerbell().values["hook.grpc_authority"]


def test_defaults_are_told_as_such() -> None:
    assert Standing.ASSUMED is became(smee(), "SMEE_IPXE_SCRIPT_RETRIES").standing
    set_by_hand = smee(IPXE_SCRIPT_RETRIES="0")
    assert Standing.TAKEN is became(set_by_hand, "SMEE_IPXE_SCRIPT_RETRIES").standing


def test_without_an_interface_it_is_the_default_routes() -> None:
    assert ["eth0"] == smee().values["interfaces"]
    assert "interfaces" not in translate(FILE, Here((), lambda: "", HERE.address)).values


def test_interfaces_of_ours_are_not_looked_for_again() -> None:
    def never() -> str:
        raise AssertionError

    moved = translate(FILE, Here(("eth1",), never, HERE.address))
    assert "interfaces" not in moved.values


def test_two_interfaces_are_one_to_answer_on_and_one_to_be_known_by() -> None:
    moved = smee(DHCP_IFACE="eth0", PUBLIC_IP_INTERFACE="eth1")
    assert [["eth0"], "192.0.2.1"] == values(moved, "interfaces", "address")


def test_the_system_it_boots_is_the_one_its_url_names() -> None:
    keys = ("boot.profile", "boot.unknown")
    assert ["hook", "hook"] == values(smee(OSIE_URL="http://a/hook"), *keys)
    assert [None, None] == values(smee(), *keys)


# --- the URL clients find us at


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, None),
        ({"SCRIPT_HOST": "boots.example"}, "http://boots.example:8080"),
        ({"SCRIPT_HOST": "b", "SCRIPT_PORT": "80"}, "http://b"),
        ({"SCRIPT_SCHEME": "https", "SCRIPT_PORT": "443"}, "https://192.0.2.9"),
        ({"SCRIPT_PATH": "/auto.ipxe"}, "http://192.0.2.9:8080"),
        ({"SCRIPT_PATH": "/boot/auto.ipxe"}, "http://192.0.2.9:8080/boot"),
        ({"SCRIPT_URL": "https://b/x/auto.ipxe", "SCRIPT_HOST": "c"}, "https://b/x"),
        ({"BINARY_HOST": "b", "BINARY_PATH": "/ipxe/"}, "http://b:8080"),
        ({"BINARY_PATH": "/ipxe/"}, None),
        ({"SCRIPT_HOST": "b", "BINARY_HOST": "c"}, "http://b:8080"),
    ],
)
def test_parts_of_a_url_become_one(given: dict[str, str], url: str | None) -> None:
    moved = smee(**{f"DHCP_HTTP_IPXE_{name}": text for name, text in given.items()})
    assert url == moved.values.get("http.url")


def test_tinkerbell_tells_clients_the_port_it_listens_on() -> None:
    moved = tinkerbell(HTTP_PORT="9000", DHCP_IPXE_HTTP_SCRIPT_HOST="b")
    assert "http://b:9000" == moved.values["http.url"]


def test_a_path_that_only_a_proxy_can_know_is_said_to_differ() -> None:
    moved = smee(DHCP_HTTP_IPXE_SCRIPT_PATH="/boot/auto.ipxe")
    row = became(moved, "SMEE_DHCP_HTTP_IPXE_SCRIPT_PATH")
    assert Standing.DIFFERS is row.standing
    assert "take /boot away" in row.note


# --- where records come from


def test_the_file_of_smee_is_our_records() -> None:
    assert ["/etc/smee/hw.yaml"] == smee().values["machines"]
    assert "" == smee().no_records


def test_records_in_a_cluster_are_refused_with_the_way_to_export_them() -> None:
    for moved in (translate({"SMEE_HTTP_PORT": "1"}, HERE), tinkerbell(BACKEND="kube")):
        assert "machines" not in moved.values
        assert "kubectl get hardware -A -o yaml > hardware.yaml" in moved.no_records


def test_a_file_that_smee_would_not_read_is_not_read() -> None:
    moved = translate({"SMEE_BACKEND_FILE_PATH": "/a"}, HERE)
    assert "machines" not in moved.values
    assert "the file backend is not enabled" == became(moved, "SMEE_BACKEND_FILE_PATH").note


def test_a_switch_that_is_as_here_is_taken() -> None:
    moved = smee(DHCP_ENABLED="true", HTTP_IPXE_SCRIPT_ENABLED="true")
    for name in ("BACKEND_FILE_ENABLED", "DHCP_ENABLED", "HTTP_IPXE_SCRIPT_ENABLED"):
        assert Standing.TAKEN is became(moved, f"SMEE_{name}").standing


def test_without_records_at_all_none_are_missed() -> None:
    moved = tinkerbell(DHCP_MODE="auto-proxy")
    assert ["auto-proxy", None, ""] == [*values(moved, "dhcp.mode", "machines"), moved.no_records]
    assert "" == translate({"SMEE_BACKEND_NOOP_ENABLED": "true"}, HERE).no_records


# --- mistakes


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"SMEE_HTTP_PORT": "http"},
            'SMEE_HTTP_PORT = "http" will not do; write a port, 0 to 65535',
        ),
        (
            {"SMEE_DHCP_ENABLED": "yes"},
            'SMEE_DHCP_ENABLED = "yes" will not do; write true or false',
        ),
        (
            {"SMEE_DHCP_MODE": "pool"},
            'SMEE_DHCP_MODE = "pool" will not do; write reservation, proxy or auto-proxy',
        ),
        (
            {"SMEE_TRUSTED_PROXIES": "10.0.0.0/8,x"},
            (
                'SMEE_TRUSTED_PROXIES = "10.0.0.0/8,x" will not do;'
                " write networks with commas between, like 10.0.0.0/8,192.168.1.1"
            ),
        ),
        (
            {"SMEE_DHCP_HTTP_IPXE_SCRIPT_URL": "http://a/menu.ipxe"},
            (
                'SMEE_DHCP_HTTP_IPXE_SCRIPT_URL = "http://a/menu.ipxe" will not do'
                " (scripts are called auto.ipxe here); write a URL that ends in /auto.ipxe;"
                " scripts of another server are a profile with script_url"
            ),
        ),
        (
            {"SMEE_BACKEND_FILE_ENABLED": "1", "SMEE_BACKEND_NOOP_ENABLED": "1"},
            "SMEE_BACKEND_FILE_ENABLED = true: two backends are enabled; enable one of them",
        ),
        (
            {"TINKERBELL_BACKEND": "file"},
            'TINKERBELL_BACKEND = "file": no file is named; set …_BACKEND_FILE_PATH, or --machines',
        ),
        (
            {"TINKERBELL_DHCP_ENABLE_NETBOOT_OPTIONS": "false"},
            (
                "TINKERBELL_DHCP_ENABLE_NETBOOT_OPTIONS = false: Boots has no such switch for all"
                " machines, and would boot them; say `allowPXE: false` in their records"
                " and unset it"
            ),
        ),
        (
            {"HTTP_BIND": "8080"},
            'HTTP_BIND = "8080" will not do; write ADDRESS:PORT, like 0.0.0.0:67',
        ),
    ],
)
def test_a_bad_value_is_refused_with_what_to_write(environment: dict[str, str], said: str) -> None:
    assert f"environment: {said}" == refused(environment)


def test_an_override_for_an_unknown_number_names_the_variable() -> None:
    said = refused({"TINKERBELL_IPXE_OVERRIDE_ARCH_MAPPING": "255=a.efi"})
    assert said.startswith('environment: TINKERBELL_IPXE_OVERRIDE_ARCH_MAPPING = "255=a.efi"')
    assert said.endswith("write NUMBER=FILE, with numbers of option 93, like 7=ipxe.efi")


def test_an_environment_without_an_ancestor_is_refused() -> None:
    assert "finds nothing to read" in refused({"PATH": "/bin", "SMEE_PORT": "tcp://10.0.0.1:67"})


def test_an_unknown_name_is_named_with_the_nearest() -> None:
    row = became(smee(ISO_ENABELD="true"), "SMEE_ISO_ENABELD")
    assert (Standing.UNKNOWN, "did you mean SMEE_ISO_ENABLED?") == (row.standing, row.note)
    assert "it had no such variable" == became(smee(XYZZY="1"), "SMEE_XYZZY").note


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT_HTTP", "80"),
        ("PORT", "tcp://10.0.0.1:80"),
        ("PORT_69_UDP_ADDR", "10.0.0.1"),
        ("HTTP_PORT", "tcp://10.0.0.1:80"),
    ],
)
def test_what_kubernetes_says_of_a_service_is_no_setting(name: str, text: str) -> None:
    expected = Row(f"SMEE_{name}", Standing.IGNORED, note="Kubernetes tells of a service by it")
    assert expected in smee(**{name: text}).rows


def test_a_service_link_does_not_hide_a_default() -> None:
    assert 7080 == tinkerbell(HTTP_PORT="tcp://10.0.0.1:80").values["http.port"]


def test_an_empty_variable_is_not_set() -> None:
    assert smee() == smee(HTTP_PORT="", DHCP_MODE="")


def test_other_programs_of_tinkerbell_are_left_to_it() -> None:
    for name in ("RUFIO_METRICS_ADDR", "ENABLE_UI", "SECONDSTAR_PORT", "TINK_SERVER_BIND_PORT"):
        assert Standing.IGNORED is became(tinkerbell(**{name: "1"}), f"TINKERBELL_{name}").standing


# --- who wins


def test_our_own_settings_win() -> None:
    moved = smee(HTTP_PORT="9000", SYSLOG_PORT="1514")
    found = load(None, {"BOOTS_HTTP_PORT": "8000"}, {"boot.retries": 3}, moved.values)

    assert (8000, 3, 1514) == (found.http.port, found.boot.retries, found.syslog.port)
