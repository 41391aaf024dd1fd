"""Telling an image's form from its first bytes; names say nothing."""

from boots_agent.images.words import Form

HEAD = 512
INDEX_HEAD = b'{"boots-image":'

_MAGIC = (
    (0, b"\x1f\x8b\x08", Form.GZIP),
    (0, b"BZh", Form.BZIP2),
    (0, b"\xfd7zXZ\0", Form.XZ),
    (0, b"\x28\xb5\x2f\xfd", Form.ZSTD),
    (0, b"QFI\xfb", Form.QCOW2),
    (0, INDEX_HEAD, Form.FRAMED),
    (257, b"ustar", Form.TAR),
)
# What some programs write but nobody here reads: saying so is better than a disk that cannot boot.
_STRANGE = (
    (0, b"KDMV", "a VMDK"),
    (0, b"vhdxfile", "a VHDX"),
    (0, b"conectix", "a VHD"),
    (0, b"# Disk DescriptorFile", "a VMDK"),
    (64, b"\x7f\x10\xda\xbe", "a VDI"),
    (0, b"PK\x03\x04", "a zip file"),
    (0, b"\x04\x22\x4d\x18", "an lz4 stream"),
    (0, b"hsqs", "a squashfs"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<!doctype", "a web page"),
    (0, b"<html", "a web page"),
)


def form_of(head: bytes) -> Form:
    """The form of an image that begins so; what is nothing known is raw."""
    for offset, magic, form in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return form
    # Skippable frames of zstd (RFC 8878, 3.1.2), as `pzstd` writes them in front.
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return Form.ZSTD
    return Form.RAW


def strange(head: bytes) -> str:
    """What this is, in words, if a disk that holds it byte by byte would be of no use."""
    for offset, magic, kind in _STRANGE:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return ""
