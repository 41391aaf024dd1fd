"""Partition tables, without a disk: from what is wanted to bytes, and back.

`reading.table_of` reads whichever there is, `layout.arrange` finds the places of new partitions.
"""
