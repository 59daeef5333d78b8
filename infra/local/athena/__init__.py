"""The emulator's Athena: its API in the emulator's process, its queries on our engine beside it."""
