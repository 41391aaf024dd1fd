"""Backups: everything that lasts in one file, and put back in its place."""
