"""The door to the metrics: codes and factors of any origin, from files or memory, and what their scores are worth."""
