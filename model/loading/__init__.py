"""From what is wanted to a model in memory: the hardware, the plan, and what is given up where memory is short."""
