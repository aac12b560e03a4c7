"""What the command line runs, one stage a file: read, one call, write."""
