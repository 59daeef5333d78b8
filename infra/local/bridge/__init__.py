"""The bridge from the stream's enhanced fan-out to TrackTrends, which the emulator lacks."""
