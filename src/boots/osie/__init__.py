"""OSIE, the in-memory operating system: its image is built here, from Debian packages only."""
