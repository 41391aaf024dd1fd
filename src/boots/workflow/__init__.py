"""Floor 2, pure: what a machine is taken through, from a template to the end of its run."""
