"""Floor 0: bytes to frozen values and back.

No socket, clock, log or setting; the standard library only.

The field names are those of the RFCs, so that they can be searched there.
Every decoder raises `Malformed` on bytes it cannot read, and nothing else.
"""
