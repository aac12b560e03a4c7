"""Codes in partitions that follow adaptive priors, and a learner that edits one factor: what M-AE and its kin share.

Source: Valenti & Bacciu 2022, Eqs. 1 to 3. The text's formulas are lost in the seed; they are read from its words.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from disentangle.losses.phased import Networks, Phases
from disentangle.losses.weak_batch import Given, WeakBatch, WeaklySupervised

WARMUP, FULL = "warmup", "full"


class Partitions(WeaklySupervised):
    """An autoencoder, a discriminator a partition, perhaps one of all, and a relational learner, in two stages.

    Warm-up, with p(z_p) = U(-1, 1) in every dimension, then, with the mixtures that the labelled codes tell at its end:

        L = w BCE(x) + lam sum_p softplus(-D_p(z_p)) + joint softplus(-J(z)) + c CE
        L_D = sum_p [ softplus(-D_p(z*_p)) + softplus(D_p(z_p)) ] + (the same of J),  z*_p ~ p(z_p)
        L_R = mean |R(z*, r) - z'|^2,  z'_p ~ the component of rho_r(v) where r changes p, else z*_p

    with BCE the mean over pixels, and CE of labelled images as the options say. J and L_R are of the full stage alone.
    The learner sees codes, and is scored on codes, less the mean and by the deviation of all labelled ones.
    """

    covariance: float
    ridge: float
    reconstruction: float
    warmup_cross_entropy: float
    mixture_cross_entropy: float
    conditional: bool
    joint: float
    beta1: float
    lr: float
    discriminator_lr: float
    learner_lr: float

    def parts(self, factors: int) -> tuple[tuple[int, ...], ...]:
        """Return which of so many factors each partition holds."""
        raise NotImplementedError

    @property
    def phases(self) -> Phases:
        """Return the two stages; a network that no term needs is not there."""
        heads = ("heads",) if self.warmup_cross_entropy else ()
        joint = ("joint",) if self.joint else ()
        return {
            WARMUP: {"loss": ("encoder", "decoder", *heads), "discrimination": ("discriminators",)},
            FULL: {
                "loss": ("encoder", "decoder"),
                "discrimination": ("discriminators", *joint),
                "relation": ("learner",),
            },
        }

    def steps(self, phase: str, training: Any) -> int:
        """Return ``warmup`` or ``steps`` of the section's training."""
        return int(training["warmup" if phase == WARMUP else "steps"])

    def rates(self, phase: str) -> dict[str, float]:
        """Return the learning rates."""
        of_loss = {"loss": self.lr, "discrimination": self.discriminator_lr, "relation": self.learner_lr}
        return {name: of_loss[loss] for loss, names in self.phases[phase].items() for name in names}

    def momentum(self, loss: str) -> float:
        """Return ``beta1``, and PyTorch's default for the learner, which no adversary has."""
        return 0.9 if loss == "relation" else self.beta1

    def begin(self, phase: str, networks: Networks, given: Given) -> None:
        """Estimate the priors of the full stage from the labelled codes: once, and no more."""
        if phase == FULL:
            z, values = self._labelled(networks, given)
            _prior(networks).estimate(z, values, self.covariance, self.ridge)

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:
        """Return ``loss`` of the autoencoder, ``discrimination``, ``relation``, and their terms."""
        prior, full = _prior(networks), phase == FULL
        x = torch.cat([batch.x, batch.labelled])
        z = self._parts(networks, x)
        rebuilt = networks["decoder"](z.flatten(1)).float()
        labelled, component = z[len(batch.x) :], prior.components(batch.values)
        drawn = prior.draw_components(len(x), batch.generators["prior"])
        if self.conditional and full:
            drawn = torch.cat([drawn[: len(batch.x)], component])
        real = prior.sample(drawn, batch.generators["prior"]) if full else self._uniform(z, batch)
        label = self._labels(networks, component, len(batch.x), full)
        fake_logits = networks["discriminators"](torch.cat([z, label], 2)).float()
        terms = {
            "reconstruction": F.binary_cross_entropy_with_logits(rebuilt, x),
            "adversarial": F.softplus(-fake_logits).mean((0, 2)).sum(),
        }
        loss = self.reconstruction * terms["reconstruction"] + batch.lam * terms["adversarial"]
        real_logits = networks["discriminators"](torch.cat([real, label], 2)).float()
        discrimination = (F.softplus(-real_logits) + F.softplus(fake_logits)).mean((0, 2)).sum()
        if self.joint and full:
            fake_joint, real_joint = (networks["joint"](part.flatten(1)[:, None]).float() for part in (z, real))
            terms["joint"] = F.softplus(-fake_joint).mean()
            loss = loss + self.joint * terms["joint"]
            discrimination = discrimination + (F.softplus(-real_joint) + F.softplus(fake_joint)).mean()
        if weight := self.mixture_cross_entropy if full else self.warmup_cross_entropy:
            told = prior.log_density(labelled) if full else networks["heads"](labelled).float()
            terms["cross_entropy"] = cross_entropy(told, component, prior.known if full else prior.exists())
            loss = loss + weight * terms["cross_entropy"]
        found = {"loss": loss, "discrimination": discrimination, **terms}
        return found | {"relation": self._relation(networks, batch)} if full else found

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return all partitions side by side."""
        codes: Tensor = networks["encoder"](x)
        return codes

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the values of the densest component of each partition."""
        values: Tensor = _prior(networks).told(self._split(networks, z))
        return values

    def decoded(self, networks: Networks, z: Tensor) -> Tensor:
        """Return what the decoder makes of codes."""
        images: Tensor = networks["decoder"](z).sigmoid()
        return images

    def edited(self, networks: Networks, z: Tensor, relation: int) -> Tensor:
        """Return what the learner makes of codes."""
        number = torch.full((len(z),), relation, device=z.device)
        return self._learned(networks, self._split(networks, z), number).flatten(1)

    def drawn(self, networks: Networks, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return draws of the mixtures, each partition's on its own."""
        components = _prior(networks).draw_components(count, generator)
        z: Tensor = _prior(networks).sample(components, generator)
        return z.flatten(1), _prior(networks).values_of(components)

    def components(self, networks: Networks) -> list[tuple[Tensor, Tensor]]:
        """Return the mixtures."""
        prior = _prior(networks)
        found, exists = prior.mixture, prior.exists()
        mean = found.mean.masked_fill(~found.known[..., None], torch.nan)
        covariance = (found.factor @ found.factor.mT).masked_fill(~found.known[..., None, None], torch.nan)
        return [(mean[part][own], covariance[part][own]) for part, own in enumerate(exists)]

    def facts(self, networks: Networks) -> dict[str, Any]:
        """Return how many components no label tells of, if they were estimated."""
        prior = _prior(networks)
        return {"unlabelled_values": int((prior.exists() & ~prior.known).sum())} if prior.known.any() else {}

    def _parts(self, networks: Networks, x: Tensor) -> Tensor:
        return self._split(networks, self.codes(networks, x).float())

    def _split(self, networks: Networks, z: Tensor) -> Tensor:
        return torch.unflatten(z, 1, (len(_prior(networks).parts), -1))

    def _labelled(self, networks: Networks, given: Given) -> tuple[Tensor, Tensor]:
        """Return the codes (N, P, d) of all labelled images, batch norms frozen, and their values (N, K)."""
        networks.eval()
        with torch.inference_mode():
            z = torch.cat([self._parts(networks, x) for x, _ in given])
        networks.train()
        return z.clone(), torch.cat([values for _, values in given])

    def _uniform(self, like: Tensor, batch: WeakBatch) -> Tensor:
        return 2 * torch.rand(like.shape, generator=batch.generators["prior"], device=like.device) - 1

    def _labels(self, networks: Networks, component: Tensor, unlabelled: int, full: bool) -> Tensor:
        """Return what discriminators are told beside codes, (M, P, V) or (M, P, 0): one-hot, 0 without a label."""
        parts, values = len(_prior(networks).parts), _prior(networks).values if self.conditional else 0
        nothing = torch.zeros(unlabelled, parts, values, device=component.device)
        if not self.conditional:
            return nothing.new_zeros(unlabelled + len(component), parts, 0)
        told = _one_hot(component, values)
        return torch.cat([nothing, told if full else torch.zeros_like(told)])

    def _relation(self, networks: Networks, batch: WeakBatch) -> Tensor:
        """Return L_R of codes drawn from the prior, relations drawn uniformly."""
        prior, learner, random = _prior(networks), _learner(networks), batch.generators["relation"]
        count = learner.batch
        components = prior.draw_components(count, random)
        uniform = torch.rand(count, generator=random, device=components.device)
        number = (uniform * len(learner.factor)).long()
        start, target, changes = targets(prior, learner, components, number)
        z = prior.sample(start, random)
        wanted = torch.where(changes[..., None], prior.sample(target, random), z)
        known = prior.known.gather(1, target.T).T
        apart = (self._learned(networks, z, number) - wanted) / prior.spread
        found: Tensor = (apart.square().mean(2) * known).sum() / known.sum().clamp(min=1)
        return found

    def _learned(self, networks: Networks, z: Tensor, number: Tensor) -> Tensor:
        prior, learner = _prior(networks), _learner(networks)
        asked = _one_hot(number, len(learner.factor))
        seen = torch.cat([((z - prior.centre) / prior.spread).flatten(1), asked], 1)
        found = learner.network(seen[:, None])[:, 0].float()
        edited: Tensor = torch.unflatten(found, 1, z.shape[1:]) * prior.spread + prior.centre
        return edited


def _prior(networks: Networks) -> Any:
    """Return the network that is a models/mixture_prior.py: MixturePrior."""
    return networks["prior"]


def _learner(networks: Networks) -> Any:
    """Return the network that is a models/relational_learner.py: RelationalLearner."""
    return networks["learner"]


def targets(prior: Any, relations: Any, components: Tensor, number: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return start and target components (M, P), and which partitions (M, P) a relation, ``number`` (M,), changes.

    ``components`` (M, P) are those that codes are drawn from. ``relations`` has ``factor`` (R,), the factor that each
    relation changes, and ``target`` (R, V), what becomes of each of its values.
    """
    values = prior.values_of(components)
    factor = relations.factor[number]
    becomes = relations.target[number, values.gather(1, factor[:, None])[:, 0]]
    changed = values.scatter(1, factor[:, None], becomes[:, None])
    return components, prior.components(changed), relations.held[number]


def cross_entropy(logits: Tensor, component: Tensor, allowed: Tensor) -> Tensor:
    """Return sum_p mean_i -log softmax_v(logits_ip)[c_ip], of logits (M, P, V), over the ``allowed`` (P, V) v."""
    told = logits.masked_fill(~allowed, -torch.inf).flatten(0, 1)
    return allowed.shape[0] * F.cross_entropy(told, component.flatten())


def _one_hot(number: Tensor, count: int) -> Tensor:
    """Return (..., count) of numbers (...); F.one_hot waits for their least."""
    return (number[..., None] == torch.arange(count, device=number.device)).float()
