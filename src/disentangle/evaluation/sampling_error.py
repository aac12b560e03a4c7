"""How much a mean over test images varies with which images were drawn."""

from collections.abc import Sequence

import numpy as np


def clustered_error(x: np.ndarray, clusters: Sequence[np.ndarray]) -> float:
    """Return the standard error of the mean of x (N,) when images share instances of one or two pools.

    With e = x - mean x and V_c = sum over clusters of (sum of e in it)^2 / N^2 for one clustering c, such as by the
    digit that an image shows, two crossed clusterings a and b give V = V_a + V_b - V_ab, at least the larger of V_a
    and V_b, and the error is sqrt(V).

    Source: Cameron, Gelbach & Miller 2011 (NBER t0327), Eq. 2.11. Deviation: no small-sample factor; the bound from
    below, as the estimate can be less than either alone.
    """
    e = np.asarray(x, dtype=np.float64) - np.mean(x)
    single = [_cluster_sums(e, c) for c in clusters]
    if len(clusters) < 2:
        return float(np.sqrt(single[0]))
    first, second = clusters
    both = _cluster_sums(e, first * (second.max() + 1) + second)
    return float(np.sqrt(max(sum(single) - both, *single)))


def _cluster_sums(e: np.ndarray, cluster: np.ndarray) -> float:
    _, cluster = np.unique(cluster, return_inverse=True)
    return float((np.bincount(cluster, weights=e) ** 2).sum() / len(e) ** 2)
