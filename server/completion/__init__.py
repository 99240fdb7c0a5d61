"""One completion, from a snapshot of the document to the text that is shown."""
