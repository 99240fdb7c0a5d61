"""Whether to ask, where a completion ends, and what of it is shown."""
