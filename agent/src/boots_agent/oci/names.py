"""How images in registries are named: ``registry.example.com/images/debian:13``."""

import re
from typing import NamedTuple

from boots_agent.images.words import Unsuitable

_SCHEMES = {"": "https", "oci": "https", "docker": "https", "https": "https", "http": "http"}
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE
)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_HUB = "docker.io"
_HUBS_OWN = "registry-1.docker.io"


class Name(NamedTuple):
    """An image of a registry.

    Attributes:
        base: The registry's URL, without a slash at its end.
        repository: What its images are called there.
        reference: A tag, or a digest, which is the only one that is always the same image.
    """

    base: str
    repository: str
    reference: str

    @property
    def digest(self) -> str:
        """The digest, where the reference is one."""
        return self.reference if _DIGEST.fullmatch(self.reference) else ""

    def manifest(self, reference: str = "") -> str:
        """The URL of a manifest."""
        return f"{self.base}/v2/{self.repository}/manifests/{reference or self.reference}"

    def blob(self, digest: str) -> str:
        """The URL of a blob."""
        return f"{self.base}/v2/{self.repository}/blobs/{digest}"


def read_name(text: str) -> Name:
    """A name as people write it; without a registry it is Docker's, without a tag ``latest``.

    Raises:
        Unsuitable: It is none.
    """
    scheme, colon, rest = text.strip().partition("://")
    if not colon:
        scheme, rest = "", scheme
    if scheme not in _SCHEMES:
        raise Unsuitable(f"{text!r}: a registry is asked by https (or http://), not {scheme}")
    rest, at, digest = rest.partition("@")
    first, slash, others = rest.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, others = _HUB, rest
    repository, _, tag = others.partition(":")
    if first == _HUB and "/" not in repository:
        repository = f"library/{repository}"
    reference = digest if at else tag or "latest"
    fit = _HOST.fullmatch(first) and _REPOSITORY.fullmatch(repository)
    if not fit or not (_DIGEST if at else _TAG).fullmatch(reference):
        raise Unsuitable(
            f"{text!r} is no name of an image; write registry.example.com/path/name:tag"
        )
    host = _HUBS_OWN if first == _HUB else first
    return Name(f"{_SCHEMES[scheme]}://{host}", repository, reference)
