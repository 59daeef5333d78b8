"""Exact like counts."""
