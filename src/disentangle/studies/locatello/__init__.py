"""Locatello et al. 2019: the common assumptions of unsupervised disentanglement, tested."""
