"""The like event and its carriers: its rules, its ids, stream records, many lines at a time."""
