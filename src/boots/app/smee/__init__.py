"""Settings of Smee, Tinkerbell and Boots 2021, read from their environment into ours."""
