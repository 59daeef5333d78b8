"""The commands of `lake`, by what they are for: options, and a few lines that hand over."""
