"""The forward pass of a Llama on a CPU, in C: a token costs little more than reading the weights once.

`setup.py` compiles the C files when Seekline is installed from source. Where that failed, or the processor lacks the
instructions, the forward pass in torch takes over, which computes the same and takes longer.
"""
