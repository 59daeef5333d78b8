"""How rows leave the product: as tables that fit a terminal, and as JSON, JSON lines and CSV."""
