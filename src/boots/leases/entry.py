"""What the book of leases is made of, and how each entry stands in the file as a line of JSON."""

from ipaddress import IPv4Address
from typing import Annotated

import msgspec

from boots.model.mac import Mac
from boots.model.machine import from_plain, to_plain
from boots.model.word import Word

# What a moment can be: up to the year 9999, which is as far as dates can be written.
Moment = Annotated[float, msgspec.Meta(ge=0, lt=253_402_300_800)]


class Lease(Word, frozen=True, tag="lease", tag_field="is"):
    """An address that a MAC has, or had last.  `since` and `until` are seconds since 1970.

    It outlives its end: a machine that comes back finds its address, if nobody got it meanwhile.
    """

    address: IPv4Address
    mac: Mac
    since: Moment
    until: Moment
    released: bool = False


class Block(Word, frozen=True, tag="block", tag_field="is"):
    """An address that is not given out until `until`, in seconds since 1970, and why.

    `mac` is the one that was found to use it, which may have it all the same; empty for none.
    """

    address: IPv4Address
    until: Moment
    why: str
    mac: Mac = Mac("")


Entry = Lease | Block

encode = msgspec.json.Encoder(enc_hook=to_plain).encode
decode = msgspec.json.Decoder(Entry, dec_hook=from_plain).decode
