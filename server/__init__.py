"""Everything that touches the world: the protocol, files, settings, the clock and the command line."""
