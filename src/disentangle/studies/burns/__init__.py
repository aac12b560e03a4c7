"""Burns et al. 2021: contrastive disentanglement without autoencoding."""
