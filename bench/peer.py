"""The training loop that public contrastive projects have, as the peer to measure against.

Written after the descriptions of SupContrast and lightly, not from their code: a Dataset returns pictures and labels
one by one, two views each through torchvision's kind of transforms on a PIL image, worker processes collate batches, a
float32 model in PyTorch's default memory order runs eagerly, and the loss is read at every step. Model, loss value,
data, batches' size and schedule are those of the cell that it is compared with.
"""

import random
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from disentangle.training import augment
from disentangle.training.loop import build_model
from disentangle.training.schedule import learning_rate


class Pairs(Dataset):
    """View pairs, loaded and transformed one picture at a time."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, preset: str) -> None:
        self.images, self.labels, self.preset = images, labels, preset

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, sample: int) -> tuple[Tensor, Tensor, int]:
        first, second = (transform(Image.fromarray(view), self.preset) for view in self.images[sample])
        return first, second, int(self.labels[sample])


def transform(image: Image.Image, preset: str) -> Tensor:
    """Crop, flip, jitter, grey, to a tensor, normalise: what ``preset`` of them asks for, on one picture."""
    if preset == "simclr":
        image = random_crop(image)
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if preset in ("simclr", "colour"):
        if random.random() < augment.JITTER_PROBABILITY:
            image = jitter(image)
        if random.random() < augment.GREY_PROBABILITY:
            image = image.convert("L").convert("RGB")
    tensor = torch.from_numpy(np.array(image, copy=True)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    mean = torch.tensor([0.5, 0.5, 0.5])
    return tensor.clone().sub_(mean[:, None, None]).div_(mean[:, None, None])


def random_crop(image: Image.Image) -> Image.Image:
    """Cut out a random box and resize it to the full size bilinearly."""
    area = image.width * image.height * random.uniform(*augment.CROP_AREA)
    low, high = np.log(augment.CROP_ASPECT)
    aspect = float(np.exp(random.uniform(low, high)))
    width = min(image.width, max(1, round((area * aspect) ** 0.5)))
    height = min(image.height, max(1, round((area / aspect) ** 0.5)))
    left, top = random.randint(0, image.width - width), random.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height)).resize(image.size, Image.Resampling.BILINEAR)


def jitter(image: Image.Image) -> Image.Image:
    """Change brightness, contrast, saturation and hue in random order."""
    low, high = 1 - augment.JITTER, 1 + augment.JITTER
    for change in random.sample(range(4), 4):
        if change == 3:
            hue, saturation, value = image.convert("HSV").split()
            shift = int(random.uniform(-augment.HUE, augment.HUE) * 255) % 256
            turned = np.array(hue, dtype=np.uint8) + np.uint8(shift)
            image = Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert("RGB")
        else:
            enhance = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)[change]
            image = enhance(image).enhance(random.uniform(low, high))
    return image


def supervised_contrastive_loss(features: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the mean loss of unit features (B, 2, d): each view against all others, its class's views positive."""
    batch, views = features.shape[:2]
    mask = torch.eq(labels.view(-1, 1), labels.view(1, -1)).float()
    contrast = torch.cat(torch.unbind(features, dim=1), dim=0)
    logits = torch.div(torch.matmul(contrast, contrast.T), temperature)
    logits = logits - logits.max(dim=1, keepdim=True).values.detach()
    others = torch.ones(batch * views, batch * views, device=features.device).fill_diagonal_(0)
    mask = mask.repeat(views, views) * others
    log_prob = logits - torch.log((torch.exp(logits) * others).sum(1, keepdim=True))
    return -((mask * log_prob).sum(1) / mask.sum(1)).mean()


class PeerLoop:
    """The peer's training of one cell's model on one label, a number of steps at a time."""

    def __init__(self, config: dict, heads: int, images: np.ndarray, labels: np.ndarray, device: str, workers: int):
        self.training, self.device = config["training"], device
        self.model = build_model(config, heads).to(device).train()
        if self.training["optimizer"] == "sgd":
            kind = {"momentum": 0.9, "weight_decay": self.training["weight_decay"]}
            self.optimizer: torch.optim.Optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, **kind)
        else:
            decay = self.training["weight_decay"]
            self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.1, weight_decay=decay)
        self.loader = DataLoader(
            Pairs(images, labels, self.training["augmentation"]),
            batch_size=self.training["batch"],
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            pin_memory=device != "cpu",
            persistent_workers=workers > 0,
        )
        self.step, self.losses = 0, []
        self._batches = self._endless()

    def _endless(self) -> Iterator:
        while True:
            yield from self.loader

    def run(self, steps: int) -> None:
        """Train for some steps."""
        for _ in range(steps):
            first, second, labels = next(self._batches)
            images = torch.cat([first, second]).to(self.device, non_blocking=True)
            labels = labels.to(self.device, non_blocking=True)
            training = self.training
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.step, training["lr"], training["warmup"], training["steps"])
            _, z = self.model(images)
            loss = sum(
                supervised_contrastive_loss(torch.stack(head.chunk(2), 1), labels, training["temperature"])
                for head in z
            )
            self.losses.append(loss.item())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.step += 1
