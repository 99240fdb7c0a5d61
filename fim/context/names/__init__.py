"""What a name, an import or an expression means across files."""
