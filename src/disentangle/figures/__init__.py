"""Figures of the paper and of ours, one a file: data first (``table``), then ink (``draw``) and words (``text``)."""
