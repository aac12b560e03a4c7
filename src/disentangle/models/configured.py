"""Networks as the key ``model`` of a class-supervised study describes them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from disentangle.losses.labelled_batch import Setting
from disentangle.models.adain_generator import AdaINGenerator
from disentangle.models.decoder import Decoder
from disentangle.models.initial import drawn_from


def headed_encoder(setting: Setting, head: bool, generator: torch.Generator) -> nn.Module:
    """Return DCoDR's encoder, with three fully connected layers after it where ``head`` says so."""
    size = setting.model["code"]
    network = setting.encoder("encoder", size, generator)
    return nn.Sequential(network, nn.LeakyReLU(0.2), perceptron([size] * 4, generator)) if head else network


def adain_generator(setting: Setting, generator: torch.Generator) -> AdaINGenerator:
    """Return a generator of images from codes and embeddings of domains."""
    model = setting.model
    sizes = model["code"], model["domain"], setting.side, setting.channels
    return AdaINGenerator(generator, *sizes, **model["generator"])


def decoder(setting: Setting, size: int, generator: torch.Generator) -> Decoder:
    """Return a plain decoder of codes (M, size)."""
    return Decoder(generator, size, setting.side, setting.channels, **setting.model["decoder"])


def table(rows: int, size: int, generator: torch.Generator) -> nn.Embedding:
    """Return a table of learned rows, U(-0.05, 0.05) at first, as LORD and DCoDR have them."""
    return nn.Embedding(rows, size, _weight=torch.empty(rows, size).uniform_(-0.05, 0.05, generator=generator))


def perceptron(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Return linear layers of these sizes with leaky ReLU of slope 0.2 between them."""
    layers: list[nn.Module] = []
    with drawn_from(generator):
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])
