"""The web, politely and safely: addresses that may be asked, one request at a time."""
