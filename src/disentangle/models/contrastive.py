"""An encoder with the projection heads that a contrastive method asks for."""

import torch
from torch import Tensor, nn

from disentangle.errors import InputError
from disentangle.models.projection import ProjectionHead
from disentangle.models.resnet import ResNet


class ContrastiveModel(nn.Module):
    """r = encoder(x); with two heads, z_k = head k of the k-th half of r; with one, z = head of all r; with none, no z.

    ``subembedding_dim`` is the size d of a subembedding: two heads give d each, one gives 2 d, whose halves are the
    subembeddings. Raises InputError when r cannot be halved.
    Source: Burns 2021, sections 4.1.1 (two heads, d = 8), 4.3 (one head) and A.2 (none).
    Deviation: the size of z with one head is not stated; 2 d keeps its halves at d.
    """

    def __init__(
        self,
        generator: torch.Generator,
        encoder: ResNet,
        heads: int = 0,
        hidden_dim: int = 512,
        subembedding_dim: int = 8,
        batch_norm_output: bool = False,
        init_std: float | None = 0.01,
    ) -> None:
        super().__init__()
        if encoder.out_dim % 2:
            raise InputError(f"widths: the last is {encoder.out_dim}; allowed: an even number, to be halved.")
        self.encoder = encoder
        self.heads = nn.ModuleList(
            ProjectionHead(
                generator,
                encoder.out_dim // heads,
                hidden_dim,
                2 * subembedding_dim // heads,
                batch_norm_output,
                init_std,
            )
            for _ in range(heads)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Map images (N, 3, S, S) to r (N, out_dim) and one z a head, (N, d) or (N, 2 d), of unit length."""
        r = self.encoder(x)
        parts = r.chunk(len(self.heads) or 1, dim=-1)
        return r, tuple(head(part) for head, part in zip(self.heads, parts, strict=False))
