"""Boots and its peers under the same load, in turn: CPU per operation, latencies, memory, start."""
