"""Results as files that people look at: contact sheets and HTML pages."""
