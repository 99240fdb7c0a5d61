"""From token ids to token ids: the engine's loop over a backend, and what decides which token comes next."""
