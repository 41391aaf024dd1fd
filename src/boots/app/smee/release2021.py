"""The variables of Boots 2021, which had no prefix; read only where no newer one is set."""

import re

from boots.app.smee import kinds
from boots.app.smee.words import Release, Variable, ignored, part, taken

_METAL = "for Equinix Metal's own API, which is gone"
_SOURCE = "records are read from files"
_OSIE = "OSIE of 2021 has other kernel arguments; name a system of today with `hook.url`"
_REGISTRY = "write what the system you boot reads as `boot.kernel_args`, without passwords"
_WORKERS = "one process answers as fast as the network asks"

VARIABLES: dict[str, Variable] = {
    "PUBLIC_IP": part("public.address", kinds.ADDRESS),
    "PUBLIC_FQDN": part("script.host", kinds.HOST),
    "PUBLIC_SYSLOG_IP": taken("syslog.address", kinds.ADDRESS),
    "PUBLIC_SYSLOG_FQDN": taken("hook.syslog", kinds.TEXT),
    "SYSLOG_BIND": part("syslog.listener", kinds.LISTENER),
    "HTTP_BIND": part("http.listener", kinds.LISTENER),
    "TFTP_BIND": part("tftp.listener", kinds.LISTENER),
    "BOOTP_BIND": part("dhcp.listener", kinds.LISTENER),
    "DHCP_LEASE_TIME": taken("dhcp.lease_time", kinds.SECONDS),
    "DNS_SERVERS": ignored("name servers are the record's; write them there"),
    "TINK_IGNORED_OUIS": ignored("only machines with a record are answered"),
    "TINK_IGNORED_GIS": ignored("only machines with a record are answered"),
    "TRUSTED_PROXIES": taken("http.trusted_proxies", kinds.NETWORKS),
    "FACILITY_CODE": ignored("the facility is the record's"),
    "MIRROR_BASE_URL": ignored(_OSIE),
    "MIRROR_HOST": ignored(_OSIE),
    "MIRROR_PATH": ignored(_OSIE),
    "OSIE_PATH": ignored(_OSIE),
    "API_BASE_URL": ignored(_METAL),
    "API_CONSUMER_TOKEN": ignored(_METAL),
    "API_AUTH_TOKEN": ignored(_METAL),
    "DATA_MODEL_VERSION": ignored(_SOURCE),
    "PROVISIONER_ENGINE_NAME": ignored("every record is served"),
    "BOOTS_DHCP_WORKERS": ignored(_WORKERS),
    "BOOTS_HTTP_HOST_CONNECTIONS": ignored(_WORKERS),
    "DOCKER_REGISTRY": ignored(_REGISTRY),
    "TINKERBELL_GRPC_AUTHORITY": part("tink", kinds.TEXT),
    "TINKERBELL_CERT_URL": ignored("a Tink server of today has no such URL; see `hook.tls`"),
    "REGISTRY_USERNAME": ignored(_REGISTRY),
    "REGISTRY_PASSWORD": ignored(_REGISTRY),
    "ECLYPSIUM_TOKEN": ignored(_METAL),
}

BOOTS = Release(
    name="Boots 2021",
    prefix="",
    variables=VARIABLES,
    defaults={"HTTP_BIND": ":80", "DHCP_LEASE_TIME": "48h"},
    always={"hook.release": "2025"},
    others=((re.compile(r"NIXOS_.+__.+", re.IGNORECASE), "NixOS is a profile here"),),
)
