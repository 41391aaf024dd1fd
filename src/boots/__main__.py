"""``python -m boots`` is the command ``boots``."""

from boots.cli import main

main()
