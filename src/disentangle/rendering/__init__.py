"""Images drawn from factor values: geometry, cameras and scenes as pure functions."""
