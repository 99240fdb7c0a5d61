"""What Seekline computes in C, compiled into one library: the forward pass of a Llama on a CPU, and copies of what
stands elsewhere in the text.

`setup.py` compiles the C files when Seekline is installed from source. `library` finds what was compiled and knows
nothing of those who call it: each has its structures on its own side, and does without where there is no library.
"""
