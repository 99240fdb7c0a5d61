"""How well a model completes: at masked places of the user's own repository, and on published sets."""
