"""Trends by event time: sums, rollups, scores, leaderboards and closed hours."""
