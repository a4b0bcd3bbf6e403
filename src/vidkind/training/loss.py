"""Focal loss with label smoothing and class weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidkind.training.presets import TrainingConfig


class FocalLoss(nn.Module):
    """Mean over videos of ``alpha_y (1 - p_y)^gamma`` times the smoothed cross-entropy.

    Focal factor: Lin et al., "Focal Loss for Dense Object Detection" (ICCV 2017), equation 5.
    Label smoothing: Szegedy et al. (CVPR 2016), section 7, spread over the other K-1 classes.
    """

    class_weights: Tensor

    def __init__(self, class_weights: Tensor, *, gamma: float, smoothing: float) -> None:
        """Sets the constants.

        Args:
            class_weights: alpha, float32 [K].
            gamma: Focal exponent; 0 gives plain cross-entropy.
            smoothing: Probability mass taken from the true class, 0 to below 1.
        """
        super().__init__()
        self.register_buffer("class_weights", class_weights)
        self.gamma = gamma
        self.smoothing = smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss, a scalar, of logits [B, K] against labels int64 [B]."""
        log_p = logits.log_softmax(dim=1)
        log_p_true = log_p.gather(1, labels[:, None]).squeeze(1)
        share = self.smoothing / (logits.shape[1] - 1)
        others = log_p.sum(dim=1) - log_p_true
        cross_entropy = -(1 - self.smoothing) * log_p_true - share * others
        focal = (1 - log_p_true.exp()).clamp(min=0) ** self.gamma
        return (self.class_weights[labels] * focal * cross_entropy).mean()


def class_weights(labels: Tensor, num_classes: int, config: TrainingConfig) -> Tensor:
    """Alpha, N / (K n_c) clipped: float32 [K] from labels int64 [N]."""
    counts = torch.bincount(labels, minlength=num_classes).clamp(min=1)
    weights = len(labels) / (num_classes * counts.to(torch.float32))
    return weights.clamp(config.min_class_weight, config.max_class_weight)
