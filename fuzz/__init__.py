"""Fuzzers of every parser and door: ``python -m fuzz``, or ``make fuzz``."""
