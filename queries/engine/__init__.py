"""What runs a question: reading it, binding its parameters, Athena, and DuckDB on a laptop."""
