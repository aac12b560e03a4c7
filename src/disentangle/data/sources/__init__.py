"""Where images come from, one source a file: official files, stand-ins, a user's own."""
