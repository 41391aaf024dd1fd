"""Settings that several of Smee's variables make together."""

from boots.app.smee.parts import Parts
from boots.app.smee.words import Row, Standing


def compose(parts: Parts) -> list[Row]:
    """What all parts come to, a row for each that was set.

    Raises:
        SettingsError: values that contradict each other, or that must not be passed over.
    """
    for step in (
        *(_backend, _dhcp, _interfaces, _address, _ports, _http, _url),
        *(_osie, _tink, _trace, _certificate, _assets),
    ):
        step(parts)
    return parts.rows


EXPORT = "kubectl get hardware -A -o yaml > hardware.yaml"


def _backend(parts: Parts) -> None:
    flags = [word for word in ("file", "none") if parts.value(f"backend.{word}")]
    if len(flags) == 2:
        raise parts.refuse("backend.file", "two backends are enabled", "enable one of them")
    backend = parts.value("backend") or (flags[0] if flags else "kube")
    path = parts.value("backend.path")
    for name in ("backend", "backend.file", "backend.none", "backend.kube"):
        (parts.leave if backend == "kube" else parts.agree)(name, _BACKENDS[backend])
    if backend == "file":
        if not path:
            name = "backend" if "backend" in parts.found else "backend.file"
            raise parts.refuse(name, "no file is named", "set …_BACKEND_FILE_PATH, or --machines")
        parts.take("backend.path", "machines", [path])
        return
    parts.leave("backend.path", "the file backend is not enabled")
    if backend == "kube":
        source = "a Kubernetes cluster" if parts.year > 2021 else "a Tink server or cacher"
        parts.no_records = (
            f"this environment reads its records from {source}, and Boots reads files."
            f" Export them ({EXPORT}) and name the file with --machines hardware.yaml;"
            " a change of the file is taken up as it is saved"
        )


_BACKENDS = {
    "file": "records come from the file, as there",
    "none": "no records at all, as there: machines are answered without one",
    "kube": f"not read from the cluster: {EXPORT}, then --machines",
}


def _dhcp(parts: Parts) -> None:
    mode = parts.value("dhcp.mode", "reservation")
    if parts.value("dhcp.enabled", True) is False:
        parts.take("dhcp.enabled", "dhcp.mode", "off")
        parts.leave("dhcp.mode", "DHCP is off")
        mode = "off"
    else:
        parts.agree("dhcp.enabled", "DHCP is on; see `dhcp.mode`")
        parts.take("dhcp.mode", "dhcp.mode", mode)
    if parts.value("dhcp.netboot", True):
        parts.agree("dhcp.netboot", "so it is here, for records that may netboot")
    elif "proxy" in mode or mode == "off":
        parts.take("dhcp.netboot", "dhcp.mode", "off", "in this mode it leaves nothing to answer")
    else:
        raise parts.refuse(
            "dhcp.netboot",
            "Boots has no such switch for all machines, and would boot them",
            "say `allowPXE: false` in their records and unset it",
        )


def _interfaces(parts: Parts) -> None:
    for name in ("interface", "public.interface"):
        if name in parts.found:
            parts.take(name, "interfaces", [parts.value(name)])
            if name == "interface" and "public.interface" in parts.found:
                _public_interface(parts)
            return
    if not parts.here.interfaces:
        route = parts.here.route()
        if route:
            note = "no interface is named: the default route's, where Smee takes its address from"
            parts.rows.append(Row("", Standing.ASSUMED, "interfaces", [route], note))


def _public_interface(parts: Parts) -> None:
    address = parts.here.address(parts.value("public.interface"))
    known = "packet.address" in parts.found or "public.address" in parts.found
    if known or not address:
        parts.leave("public.interface", "our address is named, or it has none")
    else:
        parts.take("public.interface", "address", address)


def _address(parts: Parts) -> None:
    if "packet.address" in parts.found:
        parts.take("packet.address", "address", parts.value("packet.address"))
        parts.leave("public.address", "the address in DHCP replies is named")
    else:
        parts.take("public.address", "address", parts.value("public.address"))


_WHOLE = "it is heard on whole interfaces, or where clients are told it is; this is its port"


def _ports(parts: Parts) -> None:
    for door in ("dhcp", "tftp", "syslog"):
        if f"{door}.listener" in parts.found:
            host, port = parts.value(f"{door}.listener")
            parts.take(f"{door}.listener", f"{door}.port", port, _WHOLE if host else "")
    heard = parts.value("tftp.port", 69)
    parts.take("tftp.port", "tftp.port", heard)
    if parts.value("tftp.told", heard) == heard:
        parts.take("tftp.told", "tftp.port", heard)
    else:
        parts.leave("tftp.told", f"clients are told the port it is heard on, {heard}")


def _http(parts: Parts) -> None:
    if "http.listener" in parts.found:
        host, port = parts.value("http.listener")
        parts.take("http.listener", "http.port", port, _WHOLE if host else "")
    parts.take("http.port", "http.port", parts.value("http.port"))
    files, scripts = parts.value("http.binaries", True), parts.value("http.scripts", True)
    if not files and not scripts:
        for name in ("http.binaries", "http.scripts"):
            parts.take(name, "http.enabled", False)
        return
    for name in ("http.binaries", "http.scripts"):
        if parts.value(name):
            parts.agree(name, "HTTP is on; see `http.enabled`")
        else:
            parts.leave(name, "files and scripts are served by one door, which is on")


_URL_PARTS = ("scheme", "host", "port", "path")
_USUAL = {"http": 80, "https": 443}
# Before our names these are understood (`boots.policy.path`).
_ROOMS = ("", "/ipxe", "/ipxe/script", "/ipxe/binary", "/tftp")


def _url(parts: Parts) -> None:
    """One URL for scripts and files: where clients are told they are, if anybody said so."""
    if "script.url" in parts.found:
        parts.take("script.url", "http.url", parts.value("script.url"))
        for each in _URL_PARTS:
            parts.leave(f"script.{each}", "the whole URL is named")
            parts.leave(f"binary.{each}", "scripts and files are at one URL here, `http.url`")
        return
    kind = "script" if any(f"script.{each}" in parts.found for each in _URL_PARTS) else "binary"
    given = [f"{kind}.{each}" for each in _URL_PARTS if f"{kind}.{each}" in parts.found]
    if kind == "binary":
        parts.leave("binary.path", "our names are understood below /ipxe/ and /ipxe/binary/")
        given = [name for name in given if name != "binary.path"]
    if not given:
        return
    path = parts.value("script.path", "") if kind == "script" else ""
    url = _composed(parts, kind) + path
    for name in given:
        if name != "script.path" or path in _ROOMS:
            parts.take(name, "http.url", url)
    if path not in _ROOMS:
        parts.take("script.path", "http.url", url, f"a proxy before Boots has to take {path} away")
    if kind == "script":
        for each in _URL_PARTS:
            parts.leave(f"binary.{each}", "scripts and files are at one URL here, `http.url`")


def _composed(parts: Parts, kind: str) -> str:
    scheme = parts.value(f"{kind}.scheme", "http")
    host = parts.value(f"{kind}.host") or parts.our_address()
    listener = parts.value("http.listener", ("", 8080))
    # Smee 2025 tells clients 8080 whatever it listens on; Tinkerbell what it listens on.
    heard = 8080 if parts.year == 2025 else parts.value("http.port", listener[1])
    port = parts.value(f"{kind}.port", heard)
    if not host:
        name = next(f"{kind}.{each}" for each in _URL_PARTS if f"{kind}.{each}" in parts.found)
        raise parts.refuse(name, "no host to go with it is known", "name it, or an interface")
    shown_port = "" if port == _USUAL[scheme] else f":{port}"
    return f"{scheme}://{host}{shown_port}"


def _osie(parts: Parts) -> None:
    if "osie" in parts.found:
        parts.take("osie", "hook.url", parts.value("osie"))
        parts.take("osie", "boot.profile", "hook")
        parts.take("osie", "boot.unknown", "hook")


def _tink(parts: Parts) -> None:
    if "tink" in parts.found:
        named = parts.value("tink")
        bare = parts.year > 2025 and not named.rpartition("]")[2].count(":")
        parts.take("tink", "hook.grpc_authority", f"{named}:42113" if bare else named)
    elif parts.year > 2025 and parts.our_address():
        note = "the Tink server beside us: the public address and its usual port"
        authority = f"{parts.our_address()}:42113"
        parts.rows.append(Row("", Standing.ASSUMED, "hook.grpc_authority", authority, note))
    if "tls.certificate" not in parts.found:
        parts.take("tink.tls", "hook.tls", parts.value("tink.tls"))
    else:
        parts.agree("tink.tls", "with a certificate it is always on, as there")


def _trace(parts: Parts) -> None:
    """Theirs speaks OTLP over gRPC, by its usual port 4317; over HTTP that is 4318."""
    if "trace" not in parts.found:
        parts.leave("trace.insecure", "there is no collector to send to")
        return
    named = parts.value("trace")
    scheme = "http" if parts.value("trace.insecure") else "https"
    url = named if "://" in named else f"{scheme}://{named}"
    if url.endswith(":4317"):
        url = f"{url.removesuffix(':4317')}:4318"
    parts.take("trace", "trace.endpoint", url, "OTLP goes over HTTP here, not over gRPC")
    if parts.found["trace.insecure"].standing is Standing.TAKEN:
        parts.take("trace.insecure", "trace.endpoint", url)


def _certificate(parts: Parts) -> None:
    if "tls.certificate" in parts.found:
        parts.take("tls.certificate", "http.certificate", parts.value("tls.certificate"))
        parts.take("tls.certificate", "hook.tls", True)


def _assets(parts: Parts) -> None:
    parts.take("assets", "boot.files", [parts.value("assets")])
