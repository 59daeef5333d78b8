"""The pages that show a report, and the index of all reports."""
