"""What all values of the model share."""

import msgspec


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Frozen, named fields, defaults left out when written.

    Values that never change cannot lead back to themselves: the collector need not look at them,
    of which there may be a million.
    """
