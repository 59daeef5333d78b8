"""What the commands of `lake` do."""
