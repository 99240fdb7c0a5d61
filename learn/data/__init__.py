"""From repositories to samples that a model is tuned on: the stages of DeepSeek Coder's data (arXiv:2401.14196, 2)."""
