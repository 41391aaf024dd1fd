"""Floor 4: boot files out of packages of a Debian release that need not be this machine's."""
