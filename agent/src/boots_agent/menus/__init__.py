"""Which kernel an installed system would start: GRUB's menu and Boot Loader Specification entries.

Pure: files of the system come from two functions, so that a test needs no disk.
"""
