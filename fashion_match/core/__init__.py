"""The core: types, plugin system, model, store and use cases. It never imports ``fashion_match.plugins``."""
