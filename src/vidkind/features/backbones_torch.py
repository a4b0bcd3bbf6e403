"""The torch family of backbones: torchvision networks with their own pretrained weights."""

from __future__ import annotations

import hashlib
import logging
import threading
import urllib.error
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vidkind.config import RuntimeOptions
from vidkind.errors import ConfigError, DownloadError, MissingExtraError, first_line
from vidkind.features.card import BackboneCard, InputSpec

try:
    import torch
    import torchvision
    from torch import Tensor, nn
    from torch.nn import functional as F
except ImportError as error:
    raise MissingExtraError("torchvision", "train") from error

_log = logging.getLogger(__name__)

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
# A GPU waits for its next call with less.
_MAX_BATCH = {"cpu": 16, "cuda": 64}
_AUTOCAST = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}

Network = Callable[[Tensor], Tensor]


class NormalisedBackbone(nn.Module):
    """A torchvision network without its classifier, normalisation inside.

    Takes uint8 [B, H, W, 3] RGB and gives float32 [B, D], so that the exported graph
    needs no preprocessing outside.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1) * 255)

    def forward(self, frames: Tensor) -> Tensor:
        """Embeds uint8 [B, H, W, 3] frames: float32 [B, D]."""
        pixels = frames.permute(0, 3, 1, 2).to(torch.float32)
        features: Tensor = self.network((pixels - self.mean) / self.std)
        return features


class TorchBackbone:
    """A torchvision backbone at 256x256 with ImageNet normalisation."""

    def __init__(
        self,
        name: str,
        *,
        pretrained: bool = True,
        seed: int = 0,
        options: RuntimeOptions | None = None,
        compiled: bool | None = None,
    ) -> None:
        """Builds the network and loads its weights.

        Args:
            name: One of ``TORCH_BACKBONES``.
            pretrained: Load torchvision's ImageNet weights (downloaded once, with a
                progress bar and a checksum); otherwise random weights, for benchmarks.
            seed: Seed of random weights.
            options: Precision; ``auto`` is the half precision of a GPU, float32 on a CPU.
            compiled: Run it through ``torch.compile``, which takes up to a minute at the start;
                where that fails, a warning says so and it runs as it is. None: on a GPU.

        Raises:
            ConfigError: The precision is int8.
            DownloadError: The weights are neither cached nor to be had.
        """
        if options is not None and options.precision == "int8":
            raise ConfigError(
                f"precision is int8 with the torch backbone {name}; expected an .onnx backbone "
                "and the graph that vidkind quantize makes of it"
            )
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            network = torchvision.models.get_model(name, weights=None)
        if pretrained:
            network.load_state_dict(_pretrained_state(name))
        feature_dim = _remove_classifier(network)
        self._lock = threading.Lock()  # one call keeps the machine busy
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._precision = _precision(options or RuntimeOptions(), self._device)
        self._max_batch = _MAX_BATCH[self._device.type]
        self._copies: torch.cuda.Stream | None = None
        if self._device.type == "cuda":
            self._copies = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self.module = NormalisedBackbone(network).eval().to(memory_format=torch.channels_last)
        digest = _state_sha256(self.module)
        self.module.to(self._device)
        self._card = BackboneCard(
            name=name,
            feature_dim=feature_dim,
            input=InputSpec(),
            sha256=digest,
            pretrained_on="ImageNet-1k" if pretrained else "nothing (random weights)",
            license="BSD-3-Clause",
            source=f"torchvision {torchvision.__version__}",
        )
        if compiled is None:
            compiled = self._device.type == "cuda"
        self._run: Network = self._compiled() if compiled else self.module

    @property
    def card(self) -> BackboneCard:
        """Identity, input and output."""
        return self._card

    @property
    def parallel_calls(self) -> int:
        """1: torch spreads one call over all cores, or the GPU."""
        return 1

    @property
    def batch_size(self) -> int:
        """Frames of one pass."""
        return self._max_batch

    @property
    def precision(self) -> str:
        """``float32``, ``bfloat16`` or ``float16``; sums stay in float32."""
        return self._precision

    @property
    def is_compiled(self) -> bool:
        """Whether ``torch.compile`` made what runs."""
        return self._run is not self.module

    def embed(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds uint8 [B, H, W, 3] frames: float32 [B, D]; see ``Backbone.embed``."""
        self._card.check_frames(frames)
        with self._lock, torch.inference_mode(), self._autocast():
            parts = [
                self._run(self._on_device(batch))
                for batch in torch.split(torch.from_numpy(frames), self._max_batch)
            ]
            features: NDArray[np.float32] = torch.cat(parts).float().cpu().numpy()
        return features

    def _compiled(self) -> Network:
        """The network compiled and tried once; the network as it is where that fails."""
        compiled: Network = torch.compile(self.module, dynamic=False)

        def run(frames: Tensor) -> Tensor:
            # Black frames make every batch a whole one: one shape, compiled once.
            missing = self._max_batch - len(frames)
            return compiled(F.pad(frames, (0, 0, 0, 0, 0, 0, 0, missing)))[: len(frames)]

        spec = self._card.input
        example = torch.zeros((1, spec.height, spec.width, 3), dtype=torch.uint8)
        try:
            with torch.inference_mode(), self._autocast():
                run(self._on_device(example))
        except (RuntimeError, OSError) as error:
            name, reason = self._card.name, first_line(error)
            _log.warning("torch.compile failed, %s runs as it is: %s", name, reason)
            return self.module
        return run

    def _autocast(self) -> torch.autocast:
        dtype = _AUTOCAST[self._precision]
        return torch.autocast(self._device.type, dtype=dtype, enabled=dtype is not None)

    def _on_device(self, frames: Tensor) -> Tensor:
        """Copies frames beside the computation of the batch before, on a GPU."""
        if self._copies is None:
            return frames
        with torch.cuda.stream(self._copies):
            copied = frames.pin_memory().to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream()
        computing.wait_stream(self._copies)
        copied.record_stream(computing)
        return copied


def _precision(options: RuntimeOptions, device: torch.device) -> str:
    if options.precision != "auto":
        return options.precision
    if device.type == "cpu":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def _pretrained_state(name: str) -> dict[str, Tensor]:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    try:
        state: dict[str, Tensor] = weights.get_state_dict(progress=True, check_hash=True)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise DownloadError(
            f"the pretrained weights of {name} cannot be downloaded ({error}); connect to the "
            "network once, put the file into torch's hub cache, or use an .onnx backbone"
        ) from error
    return state


def _remove_classifier(network: nn.Module) -> int:
    """Takes the last stage off a torchvision network; returns the feature length."""
    name = "fc" if hasattr(network, "fc") else "classifier"
    layers = network.get_submodule(name).modules()
    first = next(layer for layer in layers if isinstance(layer, nn.Linear))
    setattr(network, name, nn.Identity())
    return first.in_features


def _state_sha256(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
