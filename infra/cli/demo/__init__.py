"""The demonstration: made-up likes through every door, and each total held against the truth."""
