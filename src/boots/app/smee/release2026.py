"""The variables of Tinkerbell 2026 that are Smee's, and whose the others are."""

import re

from boots.app.smee import kinds
from boots.app.smee.release2025 import FOREVER, KUBERNETES, LISTENS, PREPEND
from boots.app.smee.words import Release, Variable, ignored, part, taken

_BESIDE = "another program's: leave that part of Tinkerbell running"

VARIABLES: dict[str, Variable] = {
    "BACKEND": part("backend", kinds.BACKEND),
    "BACKEND_FILE_PATH": part("backend.path", kinds.TEXT),
    "BACKEND_KUBE_CONFIG": ignored(KUBERNETES),
    "BACKEND_KUBE_NAMESPACE": ignored(KUBERNETES),
    "BACKEND_KUBE_QPS": ignored(KUBERNETES),
    "BACKEND_KUBE_BURST": ignored(KUBERNETES),
    "BIND_ADDRESS": ignored(LISTENS),
    "PUBLIC_IPV4": part("public.address", kinds.ADDRESS),
    "PUBLIC_IP_INTERFACE": part("public.interface", kinds.TEXT),
    "HTTP_PORT": part("http.port", kinds.PORT),
    "HTTPS_PORT": taken("http.https_port", kinds.PORT),
    "TLS_CERT_FILE": part("tls.certificate", kinds.TEXT),
    "TLS_KEY_FILE": taken("http.key", kinds.TEXT),
    "DISABLE_HTTP_TO_HTTPS_REDIRECT": ignored("nothing is redirected here"),
    "TRUSTED_PROXIES": taken("http.trusted_proxies", kinds.NETWORKS),
    "ENABLE_SMEE": ignored("Boots stands in its place: turn it off in Tinkerbell"),
    "ENABLE_TOOTLES": taken(
        "metadata.enabled", kinds.TRUTH, "Boots has the EC2 tree of its own, and NoCloud"
    ),
    "LOG_LEVEL": taken("log.level", kinds.LEVEL_NUMBER),
    "SMEE_LOG_LEVEL": taken("log.level", kinds.LEVEL_NUMBER),
    "OTEL_ENDPOINT": part("trace", kinds.TEXT),
    "OTEL_INSECURE": part("trace.insecure", kinds.TRUTH),
    "DHCP_ENABLED": part("dhcp.enabled", kinds.TRUTH),
    "DHCP_ENABLE_NETBOOT_OPTIONS": part("dhcp.netboot", kinds.TRUTH),
    "DHCP_MODE": part("dhcp.mode", kinds.MODE),
    "DHCP_BIND_ADDR": ignored("DHCP is heard on whole interfaces; see `interfaces`"),
    "DHCP_BIND_INTERFACE": part("interface", kinds.TEXT),
    "DHCP_IP_FOR_PACKET": part("packet.address", kinds.ADDRESS),
    "DHCP_SYSLOG_IP": taken("syslog.address", kinds.ADDRESS),
    "DHCP_TFTP_IP": taken("tftp.address", kinds.ADDRESS),
    "DHCP_TFTP_PORT": part("tftp.told", kinds.PORT),
    "DHCP_IPXE_HTTP_BINARY_SCHEME": part("binary.scheme", kinds.SCHEME),
    "DHCP_IPXE_HTTP_BINARY_HOST": part("binary.host", kinds.HOST),
    "DHCP_IPXE_HTTP_BINARY_PORT": part("binary.port", kinds.PORT),
    "DHCP_IPXE_HTTP_BINARY_PATH": part("binary.path", kinds.TEXT),
    "DHCP_IPXE_HTTP_SCRIPT_SCHEME": part("script.scheme", kinds.SCHEME),
    "DHCP_IPXE_HTTP_SCRIPT_HOST": part("script.host", kinds.HOST),
    "DHCP_IPXE_HTTP_SCRIPT_PORT": part("script.port", kinds.PORT),
    "DHCP_IPXE_HTTP_SCRIPT_PATH": part("script.path", kinds.SCRIPT_PATH),
    "DHCP_IPXE_HTTP_SCRIPT_PREPEND_MAC": ignored(PREPEND),
    "IPXE_OVERRIDE_ARCH_MAPPING": taken("boot.override", kinds.OVERRIDES),
    "IPXE_EMBEDDED_SCRIPT_PATCH": taken("boot.script_patch", kinds.TEXT),
    "IPXE_HTTP_BINARY_ENABLED": part("http.binaries", kinds.TRUTH),
    "IPXE_HTTP_SCRIPT_ENABLED": part("http.scripts", kinds.TRUTH),
    "IPXE_HTTP_SCRIPT_EXTRA_KERNEL_ARGS": taken("boot.kernel_args", kinds.ONE),
    "IPXE_HTTP_SCRIPT_KERNEL_NAME": taken("hook.kernel", kinds.NAME_OF_CPU),
    "IPXE_HTTP_SCRIPT_INITRD_NAME": taken("hook.initrd", kinds.NAME_OF_CPU),
    "IPXE_HTTP_SCRIPT_RETRIES": taken("boot.retries", kinds.NUMBER),
    "IPXE_HTTP_SCRIPT_RETRY_DELAY": taken("boot.retry_delay", kinds.DELAY),
    "IPXE_HTTP_SCRIPT_OSIE_URL": part("osie", kinds.URL),
    "IPXE_HTTP_SCRIPT_TRUSTED_PROXIES": ignored(
        "Tinkerbell overwrites it with TINKERBELL_TRUSTED_PROXIES"
    ),
    "IPXE_SCRIPT_SYSLOG_FQDN": taken("hook.syslog", kinds.TEXT),
    "IPXE_BINARY_INJECT_MAC_ADDR_FORMAT": taken("boot.mac_form", kinds.MAC_FORM),
    "IPXE_SCRIPT_TINK_SERVER_ADDR_PORT": part("tink", kinds.TEXT),
    "IPXE_SCRIPT_TINK_SERVER_USE_TLS": part("tink.tls", kinds.TRUTH),
    "IPXE_SCRIPT_TINK_SERVER_INSECURE_TLS": taken("hook.insecure_tls", kinds.TRUTH),
    "ISO_ENABLED": taken("iso.enabled", kinds.TRUTH),
    "ISO_UPSTREAM_URL": taken("iso.url", kinds.URL),
    "ISO_PATCH_MAGIC_STRING": taken("iso.placeholder", kinds.TEXT),
    "ISO_STATIC_IPAM_ENABLED": taken("iso.static_ipam", kinds.TRUTH),
    "SYSLOG_ENABLED": taken("syslog.enabled", kinds.TRUTH),
    "SYSLOG_BIND_ADDR": ignored(LISTENS),
    "SYSLOG_BIND_PORT": taken("syslog.port", kinds.PORT),
    "TFTP_SERVER_ENABLED": taken("tftp.enabled", kinds.TRUTH),
    "TFTP_SERVER_BIND_ADDR": ignored(LISTENS),
    "TFTP_SERVER_BIND_PORT": part("tftp.port", kinds.PORT),
    "TFTP_TIMEOUT": ignored(FOREVER),
    "TFTP_BLOCK_SIZE": taken(
        "tftp.largest_block", kinds.BLOCK, "512 and less set no limit: the interface's MTU does"
    ),
    "TFTP_SINGLE_PORT": taken("tftp.single_port", kinds.TRUTH),
    "TFTP_ASSET_DIR": part("assets", kinds.TEXT),
    "PXE_HTTP_ENABLED": ignored("what TFTP serves is always served over HTTP, too"),
    "PXE_HTTP_PATH_PREFIX": ignored("our names need no prefix; /tftp/ before them is understood"),
}

TINKERBELL = Release(
    name="Tinkerbell 2026",
    prefix="TINKERBELL_",
    variables=VARIABLES,
    defaults={
        "HTTP_PORT": "7080",
        "HTTPS_PORT": "7443",
        "IPXE_HTTP_SCRIPT_RETRIES": "1",
        "IPXE_HTTP_SCRIPT_RETRY_DELAY": "1",
        "TFTP_SINGLE_PORT": "true",
        "OTEL_INSECURE": "false",
    },
    always={"hook.release": "2026"},
    others=(
        (re.compile(r"TOOTLES_.*"), "Boots has metadata of its own; see `metadata.enabled`"),
        (re.compile(r"ENABLE_(TINK|RUFIO|SECONDSTAR|UI|CRD|ETCD|KUBE).*"), _BESIDE),
        (re.compile(r"(UI|SECONDSTAR|TINK|RUFIO|CRD|ETCD|KUBE|APISERVER|EMBEDDED)_.*"), _BESIDE),
        (
            re.compile(r"GRPC_AUTHORITY|CERT_URL"),
            "a name of Boots 2021; it is not read beside Tinkerbell's own",
        ),
    ),
)
