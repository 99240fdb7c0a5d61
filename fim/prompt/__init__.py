"""From a document, a cursor and the context of other files to the typed prompt of a model family."""
