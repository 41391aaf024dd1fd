"""A Debian archive that only knows names."""

from boots.osie.apt import Apt


class Archive(Apt):
    """apt with these packages."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)

    def names(self, prefix: str) -> tuple[str, ...]:
        return tuple(name for name in self.options if name.startswith(prefix))
