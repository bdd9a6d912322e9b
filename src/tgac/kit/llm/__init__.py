"""Language models: asked here and nowhere else."""
