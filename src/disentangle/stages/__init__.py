"""What the command line runs, a stage a file: read, one call, write. The only wing that reads and writes for a user."""
