"""Our own forward pass of a Llama, DeepSeek Coder's architecture: in torch, and for a CPU also in C (`native_forward`).

Importing this package imports torch, and never transformers.
"""
