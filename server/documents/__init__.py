"""The documents that are open in an editor."""
