"""Trino's SQL, as Athena's engine version 3 speaks it, in DuckDB: equal, or refused."""
