"""Reading the stream as an enhanced fan-out consumer, and the bridge that feeds a function so."""
