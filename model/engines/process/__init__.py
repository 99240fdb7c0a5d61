"""One engine in a process of its own, which all editors of a user share."""
