"""Floor 4: OSIE, the in-memory operating system: built here, from Debian packages only."""
