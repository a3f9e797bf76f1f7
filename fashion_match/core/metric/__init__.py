"""Figures of embeddings and scores, whoever asks for them: validation while training, or an evaluation."""
