"""What is run and what is stale: parameters, the plan, outputs, provenance, results on disk."""
