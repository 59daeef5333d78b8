"""`lake movies`: titles and years of films, and where they are shown."""
