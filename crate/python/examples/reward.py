"""A reward function for reinforcement learning of diffusion models.

Its signature is that of DDPO's and Flow-GRPO's reward functions: a batch of images and their
prompts in, one reward each and details out. Several threads may call it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pickscore import Scorer

Reward = Callable[[ArrayLike, Sequence[str], Any], tuple[NDArray[np.float32], dict[str, Any]]]


def levels(images: ArrayLike) -> NDArray[np.uint8]:
    """Images ``[n, 3, h, w]`` from 0 to 1, or uint8 ``[n, h, w, 3]``, as uint8 ``[n, h, w, 3]``.

    A torch tensor must be on the CPU: ``images.float().cpu()``. A policy that diverges gives NaN,
    which is no level and must not become a reward.
    """
    array = np.asarray(images)
    channels = 3 if array.dtype == np.uint8 else 1
    if array.ndim != 4 or array.shape[channels] != 3:
        raise ValueError(f"images are {array.dtype} {list(array.shape)}; expected [n, 3, h, w], or uint8 [n, h, w, 3]")
    if array.dtype != np.uint8:
        if np.isnan(array).any():
            raise ValueError("an image has NaN")
        array = np.rint(array.clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return array


def reward_function(scorer: Scorer) -> Reward:
    """A reward function that scores with this scorer."""

    def reward(
        images: ArrayLike, prompts: Sequence[str], metadata: Any = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        return scorer.score_pairs(prompts, levels(images)), {}

    return reward
