"""Runs of workflows on their way: written first, then in force, then acknowledged."""
