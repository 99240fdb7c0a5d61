"""What speaks for the symbols of other files."""
