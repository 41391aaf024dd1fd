"""What is measured, one module per subject; each has `cases(quick)`."""
