"""Pictures of data, and of what models make of them, one a file."""
