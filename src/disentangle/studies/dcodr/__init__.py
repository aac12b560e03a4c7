"""Kahana & Hoshen 2022: codes that tell everything of an image but its domain."""
