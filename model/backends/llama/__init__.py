"""DeepSeek Coder's architecture (Llama) in plain torch: its own forward pass over keys and values that stay in place.

Importing this package imports torch, and never transformers.
"""
