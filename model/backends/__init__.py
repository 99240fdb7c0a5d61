"""Forward passes behind one interface: our own for Llama, and transformers' for every other architecture."""
