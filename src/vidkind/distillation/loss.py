"""How far the student is from the teacher, at every position of every stage.

Dense targets rather than one vector a picture: each picture gives thousands of them, and each
stage is a shallow problem (FitNets, Romero et al., 2015; block-wise supervision, Li et al.,
"Blockwisely supervised neural architecture search with knowledge distillation", 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidkind.distillation.batches import Batch
from vidkind.distillation.student import Student
from vidkind.distillation.teacher import Statistics

_COSINE_WEIGHT = 2.0
_SMOOTHING = 0.1
# A degraded picture cannot give all of the clean picture's details back.
_CROSS_MAP_WEIGHT = 0.25


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
        forced: Feed each stage the teacher's map instead of the student's own; gradients stay
            within a stage and labels are left out.
        label_weight: Weight of the category loss.
    """
    crossed = torch.from_numpy(batch.is_cross).to(x.device)
    weights = 1 - (1 - _CROSS_MAP_WEIGHT) * crossed
    parts: dict[str, Tensor] = {}
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        for number in range(len(student.stages)):
            x = student.stage(number, x.contiguous(memory_format=torch.channels_last))
            target = statistics.normalised(number, answers[number])
            error = ((x.float() - target) ** 2).mean((1, 2, 3))
            parts[f"map_{number}"] = (error * weights).mean()
            x = target if forced else x
        pooled = student.pool(x.contiguous(memory_format=torch.channels_last))
    features = statistics.normalised(-1, pooled)
    wanted = statistics.normalised(-1, answers[-1])
    total = torch.stack(list(parts.values())).sum()
    parts["pooled"] = F.mse_loss(features, wanted)
    parts["cosine"] = 1 - F.cosine_similarity(features, wanted, dim=1).mean()
    parts["label"] = _label_loss(label_head(features), batch)
    total = total + parts["pooled"] + _COSINE_WEIGHT * parts["cosine"]
    total = total + (0.0 if forced else label_weight) * parts["label"]
    return {"loss": total, **parts}


def _label_loss(logits: Tensor, batch: Batch) -> Tensor:
    labels = torch.from_numpy(batch.labels).to(logits.device)
    usable = torch.from_numpy(batch.has_label).to(logits.device)
    each = F.cross_entropy(logits, labels, label_smoothing=_SMOOTHING, reduction="none")
    return (each * usable).sum() / usable.sum().clamp_min(1)
