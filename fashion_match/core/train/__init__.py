"""From items to a better model: one loop for all training methods."""
