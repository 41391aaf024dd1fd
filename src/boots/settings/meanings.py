"""What each key means: the reference page is made from this, and a test misses what is missing."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "interfaces": "The interfaces to answer on. Boots speaks on no other.",
    "machines": "Record files, or directories of them. Changes are taken up as they are saved.",
    "address": "Our address as clients should use it, where it is not the interface's own.",
    "router_advertisements": "Answer the router solicitations of machines that may boot,"
    " with an advertisement that offers nothing: iPXE then does not wait 4 to 16 s for IPv6.",
    "journal": "A file to which every event is appended as a line of JSON.",
    "cache": "The directory that holds parsed records between starts, and below it in `patched`"
    " the boot files with `boot.script_patch` in them."
    " Empty: `records` and `patched` in systemd's cache directory, in `/var/cache/boots` where root"
    " starts the server, or in `~/.cache/boots`.",
    "state": "The folder for what must outlast a restart: leases, the key of metadata tokens."
    " Empty: systemd's `StateDirectory`, `/var/lib/boots` where root starts the server, or"
    " `~/.local/state/boots`.",
    "workers": "How many processes serve files and scripts; 0: one for each core."
    " From 2 on they are processes besides the main one ([many cores](../howto/workers.md)).",
    "drain": "For how many seconds at most a server that was told to stop serves the machines on"
    " that it has sent here, until nobody asks for 5 s; it takes no further ones meanwhile: for"
    " those that have another one beside them ([upgrade](../howto/upgrade.md#several-servers))."
    " 0: transfers over HTTP get 5 s to end, those over TFTP end at once.",
    "user": "The user that a server becomes which root started, before it reads or opens anything."
    " Empty: `boots` where there is that user, else `nobody`; where that one cannot read what the"
    " settings name, it stays root without its capabilities, and says so"
    " ([harden](../howto/harden.md)).",
    "confine": "Whether the kernel denies the server what it never does (seccomp, Landlock)."
    " Only to look into a fault by other programs is there a reason to switch it off.",
    "subnets": "Networks with machines in them: a table each, `[[subnets]]`; their keys are below.",
    "networks": "Further networks with machines, relays or proxies in them. Others than these,"
    " those of our interfaces, `[[subnets]]`, records and leases get no file, no script, no ISO and"
    " no DHCP answer. `0.0.0.0/0` is any.",
    "dhcp.mode": "How DHCP is answered: `reservation` (machines with a record get their address),"
    " `proxy` (boot answers beside somebody else's DHCP server), `auto-proxy` (for machines without"
    " a record, too), `pool` (as `reservation`, and leases for machines without a record), `off`.",
    "dhcp.shadow": "Make every answer, tell it, compare it with what another server sends,"
    " and send nothing.",
    "dhcp.authoritative": "Whether nobody else gives addresses here: then a client that asks for"
    " a wrong one is told so at once.",
    "dhcp.friends": "Addresses of DHCP servers that may answer here besides us, other Boots for"
    " instance: nothing is said when they do (`ForeignServerSeen`).",
    "dhcp.netboot_lease_time": "Seconds a ROM or iPXE gets a pool address for;"
    " the system it loads gets `dhcp.lease_time`.",
    "dhcp.probe": "Whether pool addresses are probed by ARP before they are given out.",
    "dhcp.proxy_port": "The port for boot questions alone, in the proxy modes; clients use 4011.",
    "dhcp.strangers": "How many messages a second are taken of all machines together that have"
    " neither a record nor a lease, with twice as many at once ([limits](limits.md)).",
    "dhcp.quirks": "A file, or a folder, of quirks of your own; they win over those we ship.",
    "dhcp.port": "The port DHCP is heard on; clients and relays use 67.",
    "dhcp.lease_time": "Seconds an address is given for, where the record does not say.",
    "tftp.enabled": "Whether TFTP is served.",
    "tftp.port": "The port TFTP is heard on. PXE ROMs know only 69.",
    "tftp.address": "The TFTP server clients are sent to, where it is not this one.",
    "tftp.largest_block": "The largest block in bytes; 0 takes what fits the interface's MTU."
    " Lower it where the way to the clients has a smaller MTU than its ends.",
    "tftp.single_port": "Whether transfers leave from the port they were asked at, for networks"
    " that let no other through; more costly than a port for each.",
    "tftp.strangers": "How many requests a second are taken of all addresses together that no"
    " machine has, with two and a half times as many at once ([limits](limits.md)).",
    "http.enabled": "Whether scripts and files are served over HTTP.",
    "http.port": "The port HTTP is heard on.",
    "http.url": "The URL clients find us at, where it is not `http://ADDRESS:PORT`.",
    "http.trusted_proxies": "Networks of reverse proxies whose `X-Forwarded-For` is believed.",
    "http.https_port": "The port HTTPS is heard on, if there is a certificate.",
    "http.certificate": "A PEM file with the server's certificate and those above it.",
    "http.key": "A PEM file with the certificate's key.",
    "http.connections": "How many connections there may be at once, on each interface, of HTTP and"
    " of HTTPS ([limits](limits.md)).",
    "http.metrics": "Whether `/metrics` is served, for Prometheus.",
    "syslog.enabled": "Whether machines' syslog lines are taken, and they are told to send them.",
    "syslog.port": "The port syslog is heard on.",
    "syslog.address": "The syslog server machines are told of, where it is not this one.",
    "boot.files": "Folders of boot files of your own, with all that is below them;"
    " they win over the packages'.",
    "boot.osie": "The folder with OSIE's kernel and initramfs (`boots osie build`). Empty: none.",
    "boot.images": "The folder of images for disks (`boots image add`), published as `images/`."
    " Empty: none.",
    "boot.profile": "The profile of machines whose record names none.",
    "boot.profiles": "A folder of profiles of your own.",
    "boot.kernel_args": "Kernel arguments for every profile, after the profile's own.",
    "boot.override": "Boot files for architectures, in place of those of the ladder:"
    " `x64-uefi=shimx64.efi`, or by the number of option 93, `7=ipxe.efi`.",
    "boot.unknown": "The profile of machines without a record, in the modes `pool` and"
    " `auto-proxy`; empty: nothing to boot.",
    "boot.user_class": "The user class of the only iPXE that gets the script; any other is given"
    " a boot file first. Empty: every iPXE will do.",
    "boot.mac_form": "How the MAC is written in the URLs of boot files:"
    " `colons`, `dashes`, `dots` or `plain`.",
    "boot.script_patch": "Text for the place that Tinkerbell's builds of iPXE leave for it"
    " in their embedded script.",
    "boot.loop_limit": "How many scripts a machine gets in a row without anything coming of them;"
    " 0 for any number.",
    "boot.loop_window": "Seconds after which a held machine may try again.",
    "boot.retries": "How often a script tries a failed download again.",
    "boot.retry_delay": "Seconds between two tries.",
    "boot.secrets_allowed": "Names of kernel arguments that may hold what looks like a secret;"
    " records with others are refused, as every program of a machine reads its command line.",
    "boot.any_address": "Whether a machine's secrets (a run's ticket, a metadata token, files made"
    " from a profile's templates) go to, and an agent's word is taken from, any address. Else only"
    " those that its record or lease gives it, where we give addresses; and nowhere one that is"
    " another machine's.",
    "iso.enabled": "Whether the ISO endpoint `/iso/MAC/NAME.iso` is served.",
    "iso.url": "The ISO it hands out, where the record names none.",
    "iso.placeholder": "The text in the ISO that is overwritten; empty: HookOS's own.",
    "iso.static_ipam": "Whether `ipam=` with the machine's address is among what is written there.",
    "enrol.rules": "A file of rules: which record a machine without one would get"
    " ([enrol](enrol.md)).",
    "metadata.enabled": "Whether machines' metadata is served, as cloud-init reads it.",
    "metadata.by_address": "Whether a machine's address alone opens its metadata,"
    " as EC2's paths need; else only the URL with its token does.",
    "trace.endpoint": "An OpenTelemetry collector (OTLP over HTTP) for traces of boots.",
    "hook.release": "Whose kernel arguments Tinkerbell's in-memory OS gets: those of Smee `2025`"
    " or of Tinkerbell `2026`.",
    "hook.url": "Where that OS is fetched, where the record does not say; empty: our own `osie/`.",
    "hook.kernel": "The name of its kernel there.",
    "hook.initrd": "The name of its initramfs there.",
    "hook.syslog": "The syslog server it is told of, where it is not `syslog.address`;"
    " may be a name.",
    "hook.grpc_authority": "`host:port` of the Tink server, for Tinkerbell's in-memory OS.",
    "hook.tls": "Whether that OS speaks TLS to the Tink server.",
    "hook.insecure_tls": "Whether it does so without checking certificates.",
    "operator.enabled": "Whether operators are served: the API and the pages.",
    "operator.address": "The address they are served at. On another than a loopback address"
    " each request needs a token.",
    "operator.port": "The port they are served at.",
    "operator.certificate": "A PEM file with the certificate of the operator's listener;"
    " it then speaks HTTPS only.",
    "operator.key": "A PEM file with the key of that certificate.",
    "operator.client_ca": "Certificates (PEM) of who signs those of operators, which may come in"
    " place of a token. Needs `operator.certificate`.",
    "operator.client_crl": "Lists of those that were revoked (PEM), one at least of each who signs."
    " They are read anew as they are saved; whose signer has none that is good now needs a token.",
    "operator.clients": "Which of them may what, each as `NAME ROLE`, or `NAME ROLE PATTERN …` for"
    " some machines only; the name is an alternative one (DNS, e-mail, URI), else the common one.",
    "operator.tokens_required": "Whether each request needs a token on a loopback address, too.",
    "operator.hosts": "Names that operators may call this server by in URLs;"
    " addresses and `localhost` need none.",
    "store.enabled": "Whether what happens and what operators order is kept.",
    "store.url": "Where it is kept: `postgresql://USER@HOST/DATABASE`, or `sqlite:///PATH`."
    " Empty: `boots.db` in the folder of `state`.",
    "store.server": "The name of this server among those that share a store;"
    " empty: the name of this host.",
    "store.keep_days": "Days that events, boots, and runs that are over are kept for.",
    "store.keep_audit_days": "Days that it is kept for who changed what.",
    "store.keep_events": "How many events are kept at most; the oldest go first.",
    "store.poll": "Seconds between two looks at what other servers changed,"
    " where the store does not tell of it.",
    "workflow.most_writing": "How many workflows may write disks at once; the others wait.",
    "workflow.hours": "Hours that disks can be armed for at most.",
    "workflow.containers": "Whether OSIE runs images that are no native action, as privileged"
    " containers: they can do anything to the machine.",
    "log.form": "How the log is written: `console` for people, `json` for machines.",
    "log.level": "The least grave lines that are logged: debug, info, warning, error.",
    "log.lines": "How many events are logged in a second at most, and as many warnings and errors"
    " besides; 0 is no bound. What is beyond is counted in the log, and is in the file of"
    " `journal`.",
}

# The same for the keys of each ``[[subnets]]``.
OF_SUBNETS: Mapping[str, str] = {
    "network": "The network, with its prefix. Of two that hold an address the first counts.",
    "gateway": "The router (option 3).",
    "name_servers": "DNS servers (6).",
    "ntp_servers": "Time servers (42).",
    "domain": "The domain (15).",
    "search": "Domains to search (119).",
    "lease_time": "Seconds a system gets an address for; 0: `dhcp.lease_time`.",
    "pool": "The addresses that may be leased, in the mode `pool`: `FIRST-LAST`, or single ones.",
    "options": "Further DHCP options by name or number, as in [records](records.md).",
}
