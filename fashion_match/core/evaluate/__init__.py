"""What a model is worth: protocols, each with its uncertainty, on splits that do not leak."""
