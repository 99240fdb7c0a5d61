"""A LoRA adapter for one repository and one base model (Hu et al. 2021), kept only where it helps."""
