"""A trend report: its figures, and the page, the tables and the index that show them."""
