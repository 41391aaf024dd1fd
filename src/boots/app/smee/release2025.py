"""The variables of the stand-alone Smee of 2025, all of them."""

from boots.app.smee import kinds
from boots.app.smee.words import Release, Variable, ignored, part, taken

LISTENS = "a door listens where clients are told it is, or on its interface's own address"
KUBERNETES = "records are read from files"
FOREVER = "the answer waits for acknowledgements by timers of its own; a client's timeout is kept"
PREPEND = "the MAC always stands in our URLs; a script asked for without one goes by the address"

VARIABLES: dict[str, Variable] = {
    "LOG_LEVEL": taken("log.level", kinds.LEVEL_WORD),
    "BACKEND_FILE_ENABLED": part("backend.file", kinds.TRUTH),
    "BACKEND_FILE_PATH": part("backend.path", kinds.TEXT),
    "BACKEND_KUBE_ENABLED": part("backend.kube", kinds.TRUTH),
    "BACKEND_KUBE_CONFIG": ignored(KUBERNETES),
    "BACKEND_KUBE_API": ignored(KUBERNETES),
    "BACKEND_KUBE_NAMESPACE": ignored(KUBERNETES),
    "BACKEND_NOOP_ENABLED": part("backend.none", kinds.TRUTH),
    "DHCP_ENABLED": part("dhcp.enabled", kinds.TRUTH),
    "DHCP_MODE": part("dhcp.mode", kinds.MODE),
    "DHCP_ADDR": part("dhcp.listener", kinds.LISTENER),
    "DHCP_IFACE": part("interface", kinds.TEXT),
    "PUBLIC_IP_INTERFACE": part("public.interface", kinds.TEXT),
    "DHCP_IP_FOR_PACKET": part("packet.address", kinds.ADDRESS),
    "DHCP_SYSLOG_IP": taken("syslog.address", kinds.ADDRESS),
    "DHCP_TFTP_IP": taken("tftp.address", kinds.ADDRESS),
    "DHCP_TFTP_PORT": part("tftp.told", kinds.PORT),
    "DHCP_HTTP_IPXE_BINARY_SCHEME": part("binary.scheme", kinds.SCHEME),
    "DHCP_HTTP_IPXE_BINARY_HOST": part("binary.host", kinds.HOST),
    "DHCP_HTTP_IPXE_BINARY_PORT": part("binary.port", kinds.PORT),
    "DHCP_HTTP_IPXE_BINARY_PATH": part("binary.path", kinds.TEXT),
    "DHCP_HTTP_IPXE_SCRIPT_SCHEME": part("script.scheme", kinds.SCHEME),
    "DHCP_HTTP_IPXE_SCRIPT_HOST": part("script.host", kinds.HOST),
    "DHCP_HTTP_IPXE_SCRIPT_PORT": part("script.port", kinds.PORT),
    "DHCP_HTTP_IPXE_SCRIPT_PATH": part("script.path", kinds.SCRIPT_PATH),
    "DHCP_HTTP_IPXE_SCRIPT_URL": part("script.url", kinds.SCRIPT_URL),
    "DHCP_HTTP_IPXE_SCRIPT_PREPEND_MAC": ignored(PREPEND),
    "HTTP_ADDR": ignored(LISTENS),
    "HTTP_PORT": part("http.port", kinds.PORT),
    "HTTP_IPXE_BINARY_ENABLED": part("http.binaries", kinds.TRUTH),
    "HTTP_IPXE_SCRIPT_ENABLED": part("http.scripts", kinds.TRUTH),
    "OSIE_URL": part("osie", kinds.URL),
    "EXTRA_KERNEL_ARGS": taken("boot.kernel_args", kinds.WORDS),
    "IPXE_SCRIPT_RETRIES": taken("boot.retries", kinds.NUMBER),
    "IPXE_SCRIPT_RETRY_DELAY": taken("boot.retry_delay", kinds.DELAY),
    "TINK_SERVER": part("tink", kinds.TEXT),
    "TINK_SERVER_TLS": part("tink.tls", kinds.TRUTH),
    "TINK_SERVER_INSECURE_TLS": taken("hook.insecure_tls", kinds.TRUTH),
    "TRUSTED_PROXIES": taken("http.trusted_proxies", kinds.NETWORKS),
    "ISO_ENABLED": taken("iso.enabled", kinds.TRUTH),
    "ISO_URL": taken("iso.url", kinds.URL),
    "ISO_MAGIC_STRING": taken("iso.placeholder", kinds.TEXT),
    "ISO_STATIC_IPAM_ENABLED": taken("iso.static_ipam", kinds.TRUTH),
    "SYSLOG_ENABLED": taken("syslog.enabled", kinds.TRUTH),
    "SYSLOG_ADDR": ignored(LISTENS),
    "SYSLOG_PORT": taken("syslog.port", kinds.PORT),
    "TFTP_ENABLED": taken("tftp.enabled", kinds.TRUTH),
    "TFTP_ADDR": ignored(LISTENS),
    "TFTP_PORT": part("tftp.port", kinds.PORT),
    "TFTP_TIMEOUT": ignored(FOREVER),
    "TFTP_BLOCK_SIZE": taken(
        "tftp.largest_block", kinds.BLOCK, "512 and less set no limit: the interface's MTU does"
    ),
    "IPXE_SCRIPT_PATCH": taken("boot.script_patch", kinds.TEXT),
    "OTEL_ENDPOINT": part("trace", kinds.TEXT),
    "OTEL_INSECURE": part("trace.insecure", kinds.TRUTH),
}

SMEE = Release(
    name="Smee 2025",
    prefix="SMEE_",
    variables=VARIABLES,
    defaults={
        "HTTP_PORT": "8080",
        "IPXE_SCRIPT_RETRIES": "0",
        "IPXE_SCRIPT_RETRY_DELAY": "2",
        "OTEL_INSECURE": "true",
    },
    always={"tftp.single_port": True, "hook.release": "2025"},
)
