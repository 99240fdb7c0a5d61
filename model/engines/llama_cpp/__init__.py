"""llama.cpp as what computes: its server in a child process, and a runner that asks it."""
