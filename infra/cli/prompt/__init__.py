"""`lake sql` with nothing: a prompt to ask questions at."""
