"""Pictures of data, and of what codes make of them, one a file."""
