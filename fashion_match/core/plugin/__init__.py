"""The plugin system: which hooks there are, where implementations are registered, and how packages are found."""
