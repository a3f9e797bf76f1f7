"""Vectors with attributes as payload, kept by Qdrant: embedded in this process, or on a server."""
