"""Outfits: which slot a category fills, how well garments go together, and how a whole is put together."""
