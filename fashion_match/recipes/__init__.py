"""Recipes that come with the program: `fm train SOURCE --recipe NAME`."""
