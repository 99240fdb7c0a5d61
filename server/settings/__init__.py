"""The settings: what there is to set, where it comes from, and what the user has agreed to."""
