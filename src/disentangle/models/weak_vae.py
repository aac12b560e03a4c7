"""The networks of variational autoencoders among the weakly supervised methods."""

import torch
from torch import nn

from disentangle.losses.weak_batch import Setting
from disentangle.models import conv_autoencoder


def networks(setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
    """Return an encoder to means and log-variances, side by side, and a decoder of ``model.latent`` dimensions."""
    latent, conv = setting.model["latent"], [setting.model[key] for key in ("widths", "hidden", "batch_norm")]
    shape = setting.side, setting.channels
    return {
        "encoder": conv_autoencoder.encoder(generator, *shape, 2 * latent, *conv),
        "decoder": conv_autoencoder.decoder(generator, *shape, latent, *conv),
    }
