"""Colours of garments: what names mean, how hues stand to each other, and what a photo shows."""
