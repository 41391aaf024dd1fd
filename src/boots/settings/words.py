"""What can be set: a table for each section, with its keys and their defaults."""

from typing import Literal

import msgspec


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of the settings shares."""


class Dhcp(_Section, frozen=True):
    """``[dhcp]``."""

    mode: Literal["reservation", "proxy", "auto-proxy", "pool", "off"] = "reservation"
    port: int = 67
    proxy_port: int = 4011
    lease_time: int = 86_400
    netboot_lease_time: int = 300
    authoritative: bool = True
    shadow: bool = False
    probe: bool = True
    friends: list[str] = []
    strangers: int = 500
    quirks: str = ""


class Subnet(_Section, frozen=True):
    """``[[subnets]]``."""

    network: str
    gateway: str = ""
    name_servers: list[str] = []
    ntp_servers: list[str] = []
    domain: str = ""
    search: list[str] = []
    lease_time: int = 0
    pool: list[str] = []
    options: dict[str, str | int] = {}


class Tftp(_Section, frozen=True):
    """``[tftp]``."""

    enabled: bool = True
    port: int = 69
    address: str = ""
    largest_block: int = 0
    single_port: bool = False
    strangers: int = 100


class Http(_Section, frozen=True):
    """``[http]``."""

    enabled: bool = True
    port: int = 8080
    url: str = ""
    trusted_proxies: list[str] = []
    https_port: int = 8443
    certificate: str = ""
    key: str = ""
    metrics: bool = True
    connections: int = 4096


class Syslog(_Section, frozen=True):
    """``[syslog]``."""

    enabled: bool = True
    port: int = 514
    address: str = ""


class Boot(_Section, frozen=True):
    """``[boot]``."""

    files: list[str] = []
    osie: str = "/var/lib/boots/osie"
    images: str = "/var/lib/boots/images"
    profile: str = "osie"
    profiles: str = ""
    kernel_args: list[str] = []
    override: list[str] = []
    unknown: str = "osie"
    user_class: str = ""
    mac_form: Literal["colons", "dashes", "dots", "plain"] = "colons"
    script_patch: str = ""
    loop_limit: int = 10
    loop_window: int = 3600
    retries: int = 5
    retry_delay: int = 2
    any_address: bool = False
    secrets_allowed: list[str] = []


class Iso(_Section, frozen=True):
    """``[iso]``."""

    enabled: bool = False
    url: str = ""
    placeholder: str = ""
    static_ipam: bool = False


class Enrol(_Section, frozen=True):
    """``[enrol]``."""

    rules: str = ""


class Metadata(_Section, frozen=True):
    """``[metadata]``."""

    enabled: bool = True
    by_address: bool = True


class Trace(_Section, frozen=True):
    """``[trace]``."""

    endpoint: str = ""


class Hook(_Section, frozen=True):
    """``[hook]``."""

    release: Literal["2025", "2026"] = "2026"
    url: str = ""
    kernel: str = "vmlinuz-{cpu}"
    initrd: str = "initramfs-{cpu}"
    syslog: str = ""
    grpc_authority: str = ""
    tls: bool = False
    insecure_tls: bool = False


class Operator(_Section, frozen=True):
    """``[operator]``."""

    enabled: bool = True
    address: str = "127.0.0.1"
    port: int = 8081
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    client_crl: list[str] = []
    clients: list[str] = []
    tokens_required: bool = False
    hosts: list[str] = []


class Store(_Section, frozen=True):
    """``[store]``."""

    enabled: bool = True
    url: str = ""
    server: str = ""
    keep_days: int = 30
    keep_audit_days: int = 730
    keep_events: int = 1_000_000
    poll: int = 5


class Workflow(_Section, frozen=True):
    """``[workflow]``."""

    most_writing: int = 10
    hours: int = 24
    containers: bool = False


class Log(_Section, frozen=True):
    """``[log]``."""

    form: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"
    lines: int = 300


class Settings(_Section, frozen=True):
    """All settings; the reference page says what each one means."""

    interfaces: list[str] = []
    machines: list[str] = []
    address: str = ""
    router_advertisements: bool = True
    journal: str = ""
    cache: str = ""
    state: str = ""
    workers: int = 1
    drain: int = 0
    networks: list[str] = []
    user: str = ""
    confine: bool = True
    subnets: list[Subnet] = []
    dhcp: Dhcp = Dhcp()
    tftp: Tftp = Tftp()
    http: Http = Http()
    syslog: Syslog = Syslog()
    boot: Boot = Boot()
    iso: Iso = Iso()
    enrol: Enrol = Enrol()
    metadata: Metadata = Metadata()
    hook: Hook = Hook()
    trace: Trace = Trace()
    operator: Operator = Operator()
    store: Store = Store()
    workflow: Workflow = Workflow()
    log: Log = Log()

    @property
    def lacks_records(self) -> bool:
        """Whether no records are named, in a mode that answers nobody without one."""
        return not self.machines and self.dhcp.mode not in {"auto-proxy", "pool"}
