"""History into the lake: files of likes, wherever they lie, by the rules of the stream."""
