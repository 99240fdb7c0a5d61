"""Which models there are, where they lie on the disk, and what is in their folders. Nothing here needs torch."""
