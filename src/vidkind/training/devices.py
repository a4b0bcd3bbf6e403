"""Devices and precision: Lightning Fabric, loaded only when something is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidkind.errors import ConfigError, MissingExtraError
from vidkind.training.presets import DeviceOptions

if TYPE_CHECKING:
    from lightning.fabric import Fabric


def is_first_process() -> bool:
    """Whether this process speaks for all; with several devices the others only compute."""
    from torch import distributed

    started = distributed.is_available() and distributed.is_initialized()
    return not started or distributed.get_rank() == 0


def make_fabric(options: DeviceOptions) -> Fabric:
    """A launched Fabric; with several devices the command is started once for each.

    Raises:
        ConfigError: This machine has no such devices, or Fabric no such strategy.
        MissingExtraError: Lightning is not installed.
    """
    try:
        # Costs seconds, which evaluation and export need not spend.
        from lightning.fabric import Fabric
        from lightning.fabric.utilities.exceptions import MisconfigurationException
    except ImportError as error:
        raise MissingExtraError("lightning", "train") from error
    try:
        fabric = Fabric(
            accelerator=options.accelerator,
            devices=options.devices,
            num_nodes=options.num_nodes,
            strategy=options.strategy,
            precision=options.precision,
        )
    except (ValueError, RuntimeError, MisconfigurationException) as error:
        raise ConfigError(f"{options} cannot be used: {' '.join(str(error).split())}") from error
    fabric.launch()
    return fabric
