"""The fields of Tinkerbell's Hardware: their names in JSON and in Go, and what is in them."""

from collections.abc import Mapping
from typing import Any

# A shape: for each key its name in Go, and what is behind it: "s" text, "i" whole number,
# "b" boolean, "any" as it is, a shape, or one of these in a list.
Shape = Mapping[str, tuple[str, Any]]

_IP: Shape = {
    "address": ("Address", "s"),
    "netmask": ("Netmask", "s"),
    "gateway": ("Gateway", "s"),
    "family": ("Family", "i"),
}
_ROUTE: Shape = {
    "destination_descriptor": ("DestinationDescriptor", "s"),
    "router": ("Router", "s"),
}
_DHCP: Shape = {
    "mac": ("MAC", "s"),
    "hostname": ("Hostname", "s"),
    "domain_name": ("DomainName", "s"),
    "lease_time": ("LeaseTime", "i"),
    "name_servers": ("NameServers", ["s"]),
    "time_servers": ("TimeServers", ["s"]),
    "arch": ("Arch", "s"),
    "uefi": ("UEFI", "b"),
    "iface_name": ("IfaceName", "s"),
    "ip": ("IP", _IP),
    "vlan_id": ("VLANID", "s"),
    "classless_static_routes": ("ClasslessStaticRoutes", [_ROUTE]),
    "tftp_server_name": ("TFTPServerName", "s"),
    "boot_file_name": ("BootFileName", "s"),
}
_NETBOOT: Shape = {
    "allowPXE": ("AllowPXE", "b"),
    "allowWorkflow": ("AllowWorkflow", "b"),
    "ipxe": (
        "IPXE",
        {"url": ("URL", "s"), "contents": ("Contents", "s"), "binary": ("Binary", "s")},
    ),
    "osie": (
        "OSIE",
        {
            "baseURL": ("BaseURL", "s"),
            "kernel": ("Kernel", "s"),
            "initrd": ("Initrd", "s"),
            "kernelParams": ("KernelParams", ["s"]),
        },
    ),
    "pxelinux": ("PXELINUX", {"config": ("Config", "s")}),
    "rpi": (
        "RPI",
        {
            "configTxt": ("ConfigTxt", "s"),
            "firmwarePath": ("FirmwarePath", "s"),
            "serialNum": ("SerialNum", "s"),
        },
    ),
}
_INTERFACE: Shape = {
    "netboot": ("Netboot", _NETBOOT),
    "isoboot": ("Isoboot", {"sourceISO": ("SourceISO", "s")}),
    "dhcp": ("DHCP", _DHCP),
    "disableDhcp": ("DisableDHCP", "b"),
}
_STORAGE: Shape = {
    "disks": (
        "Disks",
        [
            {
                "device": ("Device", "s"),
                "wipe_table": ("WipeTable", "b"),
                "partitions": (
                    "Partitions",
                    [
                        {
                            "label": ("Label", "s"),
                            "number": ("Number", "i"),
                            "size": ("Size", "i"),
                            "start": ("Start", "i"),
                            "type_guid": ("TypeGUID", "s"),
                        }
                    ],
                ),
            }
        ],
    ),
    "raid": ("Raid", ["any"]),
    "filesystems": ("Filesystems", ["any"]),
}
_INSTANCE: Shape = {
    "id": ("ID", "s"),
    "state": ("State", "s"),
    "hostname": ("Hostname", "s"),
    "allow_pxe": ("AllowPxe", "b"),
    "rescue": ("Rescue", "b"),
    "operating_system": (
        "OperatingSystem",
        {
            "slug": ("Slug", "s"),
            "distro": ("Distro", "s"),
            "version": ("Version", "s"),
            "image_tag": ("ImageTag", "s"),
            "os_slug": ("OsSlug", "s"),
        },
    ),
    "always_pxe": ("AlwaysPxe", "b"),
    "ipxe_script_url": ("IpxeScriptURL", "s"),
    "ips": ("Ips", [{**_IP, "public": ("Public", "b"), "management": ("Management", "b")}]),
    "userdata": ("Userdata", "s"),
    "crypted_root_password": ("CryptedRootPassword", "s"),
    "tags": ("Tags", ["s"]),
    "storage": ("Storage", _STORAGE),
    "ssh_keys": ("SSHKeys", ["s"]),
    "network_ready": ("NetworkReady", "b"),
}
_METADATA: Shape = {
    "state": ("State", "s"),
    "bonding_mode": ("BondingMode", "i"),
    "manufacturer": ("Manufacturer", {"id": ("ID", "s"), "slug": ("Slug", "s")}),
    "instance": ("Instance", _INSTANCE),
    "custom": ("Custom", "any"),
    "facility": (
        "Facility",
        {
            "plan_slug": ("PlanSlug", "s"),
            "plan_version_slug": ("PlanVersionSlug", "s"),
            "facility_code": ("FacilityCode", "s"),
        },
    ),
}
SPEC: Shape = {
    "agentID": ("AgentID", "s"),
    "auto": ("Auto", {"enrollmentEnabled": ("EnrollmentEnabled", "b")}),
    "bmcRef": ("BMCRef", "any"),
    "disks": ("Disks", [{"device": ("Device", "s")}]),
    "interfaces": ("Interfaces", [_INTERFACE]),
    "metadata": ("Metadata", _METADATA),
    "tinkVersion": ("TinkVersion", "i"),
    "resources": ("Resources", "any"),
    "references": ("References", "any"),
    "userData": ("UserData", "s"),
    "vendorData": ("VendorData", "s"),
}
