"""Every option we can read, by code: what `explain` prints with, and what tests go through."""

from collections.abc import Mapping
from typing import Any

from boots.wire import options, pxe
from boots.wire.options import Option

TABLE: Mapping[int, Option[Any]] = {
    option.code: option
    for option in (
        options.SUBNET_MASK,
        options.ROUTER,
        options.NAME_SERVERS,
        options.LOG_SERVERS,
        options.HOST_NAME,
        options.DOMAIN_NAME,
        options.ROOT_PATH,
        options.MTU,
        options.BROADCAST_ADDRESS,
        options.NTP_SERVERS,
        pxe.VENDOR,
        options.REQUESTED_ADDRESS,
        options.LEASE_TIME,
        options.MESSAGE_TYPE,
        options.SERVER_ID,
        options.PARAMETER_LIST,
        options.MESSAGE,
        options.MAX_SIZE,
        options.RENEWAL_TIME,
        options.REBINDING_TIME,
        options.VENDOR_CLASS,
        options.CLIENT_ID,
        options.TFTP_SERVER_NAME,
        options.BOOT_FILE_NAME,
        pxe.USER_CLASS,
        options.CLIENT_FQDN,
        pxe.RELAY,
        pxe.ARCHITECTURES,
        pxe.INTERFACE,
        pxe.UUID,
        options.SUBNET_SELECTION,
        options.DOMAIN_SEARCH,
        options.CLASSLESS_ROUTES,
        pxe.IPXE,
    )
}
