"""What the paper says, and what we ask beside it, as tests on runs: one file a section, one function a claim.

Each file lists its functions in ``CLAIMS``; each takes ``analysis.runs.Runs`` and returns a ``reporting.claim.Claim``.
The same function is applied to our cells and to the paper's published runs.
"""
