"""What the tables of the lake look like: `tables/*.json` and two small readers."""
