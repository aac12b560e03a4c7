"""Tables of the papers beside ours, one a file."""
