"""The seam: the one interface through which the server generates, and the engines behind it."""
