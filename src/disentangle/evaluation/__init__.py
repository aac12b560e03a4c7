"""What codes are worth: metrics and probes as functions of arrays, and the codes that they are given."""
