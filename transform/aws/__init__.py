"""What handlers share at the edge of AWS: buckets, signed downloads, HTTP answers, leaderboards."""
