"""Images of disks out of OCI registries: their names, and how registries are asked for them.

OCI Distribution Specification 1.1 and Image Specification 1.1.
"""
