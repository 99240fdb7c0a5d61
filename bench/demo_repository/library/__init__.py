"""A lending library: what it has, who may borrow it, and until when."""
