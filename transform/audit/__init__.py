"""Whether the numbers of a stage agree, each taken from its own source."""
