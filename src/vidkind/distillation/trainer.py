"""The training loop: steps, schedule, averaged weights, checkpoints that resume exactly.

In: a corpus, a teacher and, optionally, a monitor. Out: a run folder with ``last.pt``,
``log.jsonl`` and ``dashboard.png``; the averaged student.
On a CPU one replica of the network runs in each of ``threads`` Python threads, on one core each,
with a teacher of its own, and the replicas' gradients are added: one meeting point a step instead
of one an operator, which matters on cores that do other work too. On a GPU there is one replica.
"""

from __future__ import annotations

import copy
import json
import math
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidkind.distillation.batches import Batch, BatchMaker, crops
from vidkind.distillation.corpus import Corpus
from vidkind.distillation.dashboard import draw_dashboard
from vidkind.distillation.known_teachers import Teacher
from vidkind.distillation.loss import distillation_loss
from vidkind.distillation.monitor import Monitor
from vidkind.distillation.options import DistillOptions, StudentOptions
from vidkind.distillation.student import Student, layout
from vidkind.distillation.teacher import Statistics, TeacherMaps, measure
from vidkind.errors import CheckpointError
from vidkind.files import atomic_path
from vidkind.parallel import in_order

_LOG_EVERY = 50
_SAVE_EVERY = 300
_BATCHES_AHEAD = 3
_CLIP_NORM = 3.0
# The teacher is measured on batches that no training step uses.
_MEASURE_STEP, _MEASURED_CROPS = 10**7, 192

Replica = tuple[Student, nn.Linear]


class Distiller:
    """One run; ``run`` goes on from where the run folder left off."""

    def __init__(
        self,
        corpus: Corpus,
        path: Path,
        teacher: Teacher,
        folder: Path,
        *,
        options: DistillOptions = DistillOptions(),  # noqa: B008 (frozen)
        monitor: Monitor | None = None,
        start_from: Path | None = None,
    ) -> None:
        """Builds the networks and reads the checkpoint, where there is one.

        Args:
            corpus: The pictures.
            path: ``.onnx`` file of the teacher, its card beside it.
            teacher: What is known of it, and the shape of the student.
            folder: Run folder.
            options: How the student is trained.
            monitor: What measures it now and then.
            start_from: ``last.pt`` of another run of the same student, whose averaged weights a
                new run starts with; None means random ones.

        Raises:
            BackboneError: The teacher cannot be loaded or has no such maps.
            CheckpointError: The checkpoint is of other options, or ``start_from`` is no
                checkpoint of this student.
        """
        self.options, self.folder, self._monitor = options, folder, monitor
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        student = teacher.student
        self._net = Student(student)
        self._net.to(self._device, memory_format=layout(self._device))  # type: ignore[call-overload]
        self._head = nn.Linear(student.pooled_dim, len(corpus.categories)).to(self._device)
        self.averaged = copy.deepcopy(self._net).eval()
        self._optimizer = _optimizer([self._net, self._head], options)
        if not self._resume(student) and start_from is not None:
            self._start_with(start_from, student)
        self._trim_log()
        count = 1 if self._device.type == "cuda" else options.threads
        self._replicas = _replicas(self._net, self._head, count)
        scale = options.crop_size / options.teacher_crop_size
        self._teachers = [
            TeacherMaps(
                path,
                teacher.maps,
                side=options.teacher_crop_size,
                scale=scale,
                device=self._device,
            )
            for _ in range(count)
        ]
        size = options.batch_size // count
        self._maker = BatchMaker(corpus, options, size=size, device=self._device)
        self._statistics = self._measure()

    def _measure(self) -> Statistics:
        """Statistics of the teacher's answers; the same for every start of a run."""
        answers = []
        with torch.no_grad():
            for number in range(math.ceil(_MEASURED_CROPS / self._maker.size)):
                batch = self._maker(_MEASURE_STEP + number, 0)
                _, taught = crops(batch, self.options, self._device)
                answers.append(self._teachers[0](taught))
        return measure(answers, self._net.options.has_shortcut)

    def run(
        self, *, stop: int | None = None, progress: Callable[[int], None] = lambda step: None
    ) -> Student:
        """Trains to the end, or up to step ``stop``.

        Args:
            stop: Step to stop at, as if interrupted there.
            progress: Called with the number of steps done.

        Returns:
            The averaged student, in evaluation mode.
        """
        last = min(self.options.steps, stop or self.options.steps)
        # One core a replica; the process-wide number is put back afterwards.
        before = torch.get_num_threads()
        _start_thread()
        try:
            self._loop(last, progress)
        finally:
            torch.set_num_threads(before)
            torch.set_flush_denormal(False)
        self._save()
        return self.averaged

    def _loop(self, last: int, progress: Callable[[int], None]) -> None:
        sums: dict[str, Tensor] = {}
        begun, done = time.monotonic(), 0
        with ThreadPoolExecutor(len(self._replicas), initializer=_start_thread) as pool:
            for batches in self._feed(self.step, last):
                for name, value in self._train_step(pool, batches).items():
                    sums[name] = sums[name] + value if name in sums else value
                done += 1
                progress(self.step)
                if self.step % _LOG_EVERY == 0:
                    means = {name: round(float(value) / done, 4) for name, value in sums.items()}
                    rate = done * self.options.batch_size / (time.monotonic() - begun)
                    self._log(**means, crops_per_second=round(rate, 1))
                    sums, done, begun = {}, 0, time.monotonic()
                if self.step % _SAVE_EVERY == 0:
                    self._save()
                if self.step % self.options.probe_every == 0 or self.step == self.options.steps:
                    self._probe()

    def _feed(self, first: int, last: int) -> Iterator[list[Batch]]:
        """Batches of all replicas for every step, made one thread ahead of the training."""

        def make(step: int) -> list[Batch]:
            return [self._maker(step, part) for part in range(len(self._replicas))]

        return in_order(make, range(first, last), workers=1, ahead=_BATCHES_AHEAD)

    def _train_step(self, pool: ThreadPoolExecutor, batches: list[Batch]) -> dict[str, Tensor]:
        for group in self._optimizer.param_groups:
            group["lr"] = self.options.lr_at(self.step)
        parts = list(pool.map(lambda k: self._gradients(k, batches[k]), range(len(self._replicas))))
        master = _parameters(self._replicas[0])
        for replica in self._replicas[1:]:
            for own, other in zip(master, _parameters(replica), strict=True):
                if own.grad is not None and other.grad is not None:
                    own.grad += other.grad
                other.grad = None
        nn.utils.clip_grad_norm_(master, _CLIP_NORM)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self._average()
        return {name: torch.stack([part[name] for part in parts]).mean() for name in parts[0]}

    def _gradients(self, number: int, batch: Batch) -> dict[str, Tensor]:
        """Teacher, forward and backward of one replica; gradients stay in its parameters."""
        net, head = self._replicas[number]
        with torch.no_grad():
            shown, taught = crops(batch, self.options, self._device)
            answers = self._teachers[number](taught)
        parts = distillation_loss(
            net,
            head,
            shown,
            answers,
            self._statistics,
            batch,
            forced=self.step < self.options.forced_steps,
            label_weight=self.options.label_weight,
        )
        (parts["loss"] / len(self._replicas)).backward()  # type: ignore[no-untyped-call]
        return {name: value.detach() for name, value in parts.items()}

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.options.ema, (1 + self.step) / (10 + self.step))
        ours, theirs = self.averaged.state_dict(), self._net.state_dict()
        for name, value in ours.items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - decay)
            else:
                value.copy_(theirs[name])

    def _probe(self) -> None:
        if self._monitor is not None:
            size = self.options.working_size
            self._log(
                probe_val=self._monitor.student_accuracy(self.averaged, size, self._device),
                probe_val_teacher=self._monitor.teacher_accuracy(),
            )
        draw_dashboard(self.folder / "log.jsonl", self.folder / "dashboard.png")

    def _log(self, **values: Any) -> None:
        row = {"step": self.step, **values}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _trim_log(self) -> None:
        """Takes out what was logged after the checkpoint, a line cut short too: it comes again."""
        path = self.folder / "log.jsonl"
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            with atomic_path(path) as temporary:
                kept = (f"{line}\n" for line in lines if _step_of(line) <= self.step)
                temporary.write_text("".join(kept), encoding="utf-8")

    def _save(self) -> None:
        state = {
            "step": self.step,
            "net": self._net.state_dict(),
            "head": self._head.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "options": _plain(asdict(self.options)),
            "student": _plain(asdict(self._net.options)),
        }
        with atomic_path(self.folder / "last.pt") as temporary:
            torch.save(state, temporary)

    def _resume(self, student: StudentOptions) -> bool:
        """Goes on from the run folder's checkpoint; whether there is one."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self._device, weights_only=True)
        wanted = {"options": _plain(asdict(self.options)), "student": _plain(asdict(student))}
        for name, values in wanted.items():
            different = sorted(k for k, v in values.items() if state[name].get(k) != v)
            if different:
                raise CheckpointError(
                    f"{path} was begun with another {different[0]}: "
                    f"{state[name].get(different[0])}, now {values[different[0]]}; "
                    "use the same options or another folder"
                )
        self._net.load_state_dict(state["net"])
        self._head.load_state_dict(state["head"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])
        return True

    def _start_with(self, path: Path, student: StudentOptions) -> None:
        """Takes the averaged weights of another run; its steps do not count."""
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            averaged, head = state["averaged"], state["head"]
            fits = state["student"] == _plain(asdict(student))
        except (OSError, RuntimeError, pickle.UnpicklingError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path} is no checkpoint of a distillation; expected the last.pt of a run folder"
            ) from error
        if not fits:
            raise CheckpointError(
                f"{path} holds another student; expected one that learned from the same teacher"
            )
        self._net.load_state_dict(averaged)
        self.averaged.load_state_dict(averaged)
        self._head.load_state_dict(head)


def _step_of(line: str) -> float:
    """The step of a line of the log; infinite where it is not whole."""
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return math.inf


def _start_thread() -> None:
    """One core, and numbers too small to matter are zero: they would cost a hundredfold."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _optimizer(modules: list[nn.Module], options: DistillOptions) -> torch.optim.AdamW:
    parameters = [p for module in modules for p in module.parameters()]
    return torch.optim.AdamW(
        [
            {
                "params": [p for p in parameters if p.ndim > 1],
                "weight_decay": options.weight_decay,
            },
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=options.lr,
        fused=True,
    )


def _replicas(net: Student, head: nn.Linear, count: int) -> list[Replica]:
    """The master and copies that share the storage of its weights, not its gradients.

    Copies keep running statistics of their own, which are not used: the master's are saved.
    """
    replicas = [(net, head)]
    for _ in range(count - 1):
        copied = copy.deepcopy(net).train(), copy.deepcopy(head)
        for own, other in zip(_parameters((net, head)), _parameters(copied), strict=True):
            other.data = own.data
        replicas.append(copied)
    return replicas


def _parameters(replica: Replica) -> list[Tensor]:
    return [*replica[0].parameters(), *replica[1].parameters()]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
