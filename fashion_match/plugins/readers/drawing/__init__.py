"""Drawn garments: what to draw (style), its cloth (fabric), how it is sewn (cut, canvas), its photos (photo)."""
