"""The store: both engines, the same tests."""
