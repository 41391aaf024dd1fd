"""Floor 4: the only sockets of the boot service.

Each door takes a function that answers, not a world: it decodes, asks, encodes, sends, and tells
the journal.  Bad input is dropped or refused with its reason and never stops a door.
"""
