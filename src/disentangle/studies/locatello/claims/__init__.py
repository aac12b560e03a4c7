"""What the paper says as tests on a study's models: one file a part, one function a claim, listed in its ``CLAIMS``."""
