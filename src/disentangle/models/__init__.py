"""Networks only: encoders and heads."""
