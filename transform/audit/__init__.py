"""Whether the numbers of a stage agree, each taken from its own source."""

MENDED = "mended"
"""The item of the table `audit` that says what was mended before an audit, of how many films and
hours."""
