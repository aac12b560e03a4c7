"""Networks only: encoders, decoders, projection heads, discriminators, single and stacked."""
