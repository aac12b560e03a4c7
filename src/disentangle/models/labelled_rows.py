"""Which images are labelled, kept beside the weights that they shaped."""

from torch import Tensor, nn


class LabelledRows(nn.Module):
    """Holds ``rows`` (n,) int64 of a dataset; it computes nothing."""

    rows: Tensor

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows)
