"""What the paper says, and what we ask beside it, as tests on our cells; each file lists them in ``CLAIMS``."""
