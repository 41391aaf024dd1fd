"""The place that Tinkerbell's builds of iPXE leave for words of the operator's.

Their embedded script holds two lines of comment that mean nothing; what is written over them runs
before iPXE's own DHCP.  Compressed builds (``undionly.kpxe``) have no such place, nor has stock
iPXE.
"""

PLACEHOLDER = (
    b"#a8b7e61f1075c37a793f2f92cee89f7bba00c4a8d7842ce3d40b5889032d8881\n"
    b"#ddd16a4fc4926ecefdfb6941e33c44ed3647133638f5e84021ea44d3152e7f97"
)


def unfit(text: str) -> str:
    """Why a text cannot be written there; empty if it can."""
    length = len(text.encode())
    if length > len(PLACEHOLDER):
        return f"it has {length} bytes, and there is room for {len(PLACEHOLDER)}"
    if "\0" in text:
        return "it holds a zero byte, which would end the script"
    return ""


def patched(content: bytes, text: str) -> bytes:
    """A boot file with the text in that place, filled up with blanks; without one, as it was.

    Raises:
        ValueError: the text does not fit.
    """
    why = unfit(text)
    if why:
        raise ValueError(why)
    if not text:
        return content
    return content.replace(PLACEHOLDER, text.encode().ljust(len(PLACEHOLDER)), 1)
