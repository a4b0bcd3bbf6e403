"""How far the student is from the teacher, at every position of every block.

Dense targets rather than one vector a picture: each picture gives thousands of them, and each
block is a shallow problem (FitNets, Romero et al., 2015; block-wise supervision, Li et al.,
"Blockwisely supervised neural architecture search with knowledge distillation", 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.batches import Batch
from vidkind.distillation.student import Student, layout
from vidkind.distillation.teacher import Statistics

_MAPS_WEIGHT = 4.0
_COSINE_WEIGHT = 2.0
_SMOOTHING = 0.1
# A degraded picture cannot give all of the clean picture's details back.
_CROSS_MAP_WEIGHT = 0.25
# While forced, larger maps are learnt from a part of the batch: neighbours are much alike.
_ENOUGH_POSITIONS = 256


def distillation_loss(
    student: Student,
    label_head: nn.Linear,
    x: Tensor,
    answers: list[Tensor],
    statistics: Statistics,
    batch: Batch,
    *,
    forced: bool,
    label_weight: float,
) -> dict[str, Tensor]:
    """The parts of the loss, and their weighted sum under ``loss``.

    Args:
        student: The network.
        label_head: Linear [P -> K] on the normalised pooled feature; exists only in training.
        x: float32 [B, 3, H, W], the student's crops.
        answers: The teacher's maps and pooled feature.
        statistics: What they are normalised with.
        batch: Labels and which crops are crossed.
        forced: Feed each block the teacher's map instead of the student's own; gradients stay
            within a block and labels are left out.
        label_weight: Weight of the category loss.
    """
    crossed = torch.from_numpy(batch.is_cross).to(x.device)
    weights = 1 - (1 - _CROSS_MAP_WEIGHT) * crossed
    parts: dict[str, Tensor] = {}
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        for number, scale in enumerate(statistics.changes if forced else statistics.maps):
            target = answers[number]
            seen = _part(x, forced)
            y = student.block(number, x[:seen].contiguous(memory_format=layout(x.device)))
            errors = (y.float() - target[:seen]) / scale.view(1, -1, 1, 1)
            parts[f"map_{number}"] = ((errors**2).mean((1, 2, 3)) * weights[:seen]).mean()
            x = target if forced else y
        pooled = student.pool(x.contiguous(memory_format=layout(x.device)))
    features = statistics.normalised_feature(pooled)
    wanted = statistics.normalised_feature(answers[-1])
    total = _MAPS_WEIGHT * torch.stack(list(parts.values())).mean()
    parts["pooled"] = F.mse_loss(features, wanted)
    parts["cosine"] = 1 - F.cosine_similarity(features, wanted, dim=1).mean()
    parts["label"] = _label_loss(label_head(features), batch)
    total = total + parts["pooled"] + _COSINE_WEIGHT * parts["cosine"]
    total = total + (0.0 if forced else label_weight) * parts["label"]
    return {"loss": total, **parts}


def _part(x: Tensor, forced: bool) -> int:
    """How many items of the batch a block learns from."""
    if not forced:
        return len(x)
    positions = x.shape[2] * x.shape[3]
    return max(len(x) // 4, min(len(x), len(x) * _ENOUGH_POSITIONS // positions))


def _label_loss(logits: Tensor, batch: Batch) -> Tensor:
    labels = torch.from_numpy(batch.labels).to(logits.device)
    usable = torch.from_numpy(batch.has_label).to(logits.device)
    each = F.cross_entropy(logits, labels, label_smoothing=_SMOOTHING, reduction="none")
    return (each * usable).sum() / usable.sum().clamp_min(1)
