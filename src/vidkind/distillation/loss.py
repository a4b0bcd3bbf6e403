"""How far the student is from its targets, in one number and its parts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.batches import Batch, mixed

# Weights of the parts; found good enough at the first try and kept.
WEIGHTS: dict[str, float] = {
    "regression": 0.5,
    "cosine": 2.0,
    "relation": 2.0,
    "label": 1.0,
    "probe": 0.5,
    "group": 0.15,
}
_SMOOTHING = 0.1


class Heads(nn.Module):
    """Linear maps that exist only while training: [B, D] to components, labels and groups."""

    def __init__(self, dim: int, *, components: int, categories: int, groups: int) -> None:
        super().__init__()
        self.components = nn.Linear(dim, components)
        self.label = nn.Linear(dim, categories)
        self.probe = nn.Linear(dim, categories)
        self.group = nn.Linear(dim, max(1, groups))


def distillation_loss(features: Tensor, heads: Heads, batch: Batch) -> dict[str, Tensor]:
    """The parts of the loss, and their weighted sum under ``loss``.

    - regression, cosine: a linear map of the features against the teacher's components
      (FitNets, Romero et al., 2015).
    - relation: similarities within the batch (Tung and Mori, 2019).
    - label: cross-entropy with smoothed labels, where the label may be used.
    - probe: cross-entropy against the soft scores of the teacher's probe (Hinton et al., 2015).
    - group: which group a still comes from; series, consoles and sites are fine categories.

    Args:
        features: float32 [B, D] of the augmented, mixed pictures.
        heads: The training heads.
        batch: Their targets, not mixed yet.
    """
    device = features.device
    target = mixed(torch.from_numpy(batch.components).to(device), batch)
    guess = heads.components(features)
    parts = {
        "regression": F.mse_loss(guess, target),
        "cosine": 1 - F.cosine_similarity(guess, target, dim=1).mean(),
        "relation": _relation(features, target),
        "label": _label_loss(heads.label(features), batch),
        "probe": _probe_loss(heads.probe(features), batch),
        "group": _group_loss(features, heads, batch),
    }
    total = torch.stack([WEIGHTS[name] * value for name, value in parts.items()]).sum()
    return {"loss": total, **parts}


def _relation(features: Tensor, target: Tensor) -> Tensor:
    ours, theirs = F.normalize(features, dim=1), F.normalize(target, dim=1)
    others = ~torch.eye(len(features), dtype=torch.bool, device=features.device)
    return ((ours @ ours.T - theirs @ theirs.T)[others] ** 2).mean()


def _label_loss(logits: Tensor, batch: Batch) -> Tensor:
    """A mixed picture counts only where both of its labels may be used."""
    num = logits.shape[1]
    wanted = F.one_hot(torch.from_numpy(batch.labels).to(logits.device), num).float()
    wanted = mixed(wanted, batch) * (1 - _SMOOTHING) + _SMOOTHING / num
    usable = torch.from_numpy(batch.has_label).to(logits.device)
    partner = torch.from_numpy(batch.partner).to(logits.device)
    is_mixed = torch.from_numpy(batch.mix).to(logits.device) < 1
    usable = torch.minimum(usable, torch.where(is_mixed, usable[partner], usable))
    each = -(F.log_softmax(logits, dim=1) * wanted).sum(1)
    return (each * usable).sum() / usable.sum().clamp_min(1)


def _probe_loss(logits: Tensor, batch: Batch) -> Tensor:
    scores = F.softmax(torch.from_numpy(batch.logits).to(logits.device), dim=1)
    return -(mixed(scores, batch) * F.log_softmax(logits, dim=1)).sum(1).mean()


def _group_loss(features: Tensor, heads: Heads, batch: Batch) -> Tensor:
    groups = torch.from_numpy(batch.groups).to(features.device)
    pure = (torch.from_numpy(batch.mix).to(features.device) == 1) & (groups >= 0)
    if not bool(pure.any()):
        return features.sum() * 0
    return F.cross_entropy(heads.group(features[pure]), groups[pure], label_smoothing=_SMOOTHING)
