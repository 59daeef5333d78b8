"""The laptop stage: the emulator and its patches, the fan-out bridge, the site's server."""
