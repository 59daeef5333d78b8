"""Likes made up and sent: a believable stream with known totals, and the way to post it."""
