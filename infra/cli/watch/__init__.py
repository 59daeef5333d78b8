"""Watching a stage live: its own fan-out consumer, what was delivered, and how it is shown."""
