"""What becomes of completions, counted on this machine: numbers, times and names of languages, never text or paths."""
