"""Floor 4: out of packages of a Debian release: boot files, and images of it for disks."""
