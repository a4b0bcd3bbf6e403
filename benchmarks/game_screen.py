"""A game on a virtual screen: Xvfb, a window manager without decorations, and random play.

Used by ``record_games.py``. Every process started here is in a session of its own, and ended
with all of that session.
"""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SEED = 7
RUNNING: list[subprocess.Popen] = []
ENVIRONMENT = {
    "LIBGL_ALWAYS_SOFTWARE": "1", "SDL_AUDIODRIVER": "dummy", "ALSOFT_DRIVERS": "null",
    "QT_QPA_PLATFORM": "xcb", "GSETTINGS_BACKEND": "memory", "LC_ALL": "C.UTF-8",
    "vblank_mode": "0", "REPOSITORY": str(Path(__file__).resolve().parents[1]),
}  # fmt: skip
SILENCE = "pcm.!default { type null }\nctl.!default { type null }\n"
OPENBOX = """<openbox_config xmlns="http://openbox.org/3.4/rc"><focus><focusNew>yes</focusNew>
</focus><applications><application class="*" type="normal"><decor>no</decor><focus>yes</focus>
<maximized>yes</maximized></application></applications></openbox_config>"""


class GameError(Exception):
    """A game that could not be recorded."""


@dataclass(frozen=True)
class Game:
    """A row of games.csv: one game, how it is started, and how it is played.

    Attributes:
        package: Debian package, also the name of its clips.
        version: Version that was recorded.
        also: Other packages it needs, by spaces.
        subcategory: A few words on the genre.
        command: Shell command line. ``$HOME`` is an empty folder, made for this run,
            ``$REPOSITORY`` the one this file is in.
        screen: Size of the virtual screen, such as 640x360.
        fps: Frames a second to record.
        wait: Seconds between the start and the first step.
        setup: Steps to reach play, by semicolons: key K, click X Y, move X Y, type T, wait S.
        driver: attract (nobody), keys, mouse, or keys and mouse.
        keys: Keys to press at random; one with a plus in front is held down all the time.
        at: Seconds into the recording where clips begin.
    """

    package: str
    version: str
    also: str
    subcategory: str
    command: str
    screen: str
    fps: str
    wait: str
    setup: str
    driver: str
    keys: str
    at: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the screen."""
        width, height = self.screen.split("x")
        return int(width), int(height)

    @property
    def starts(self) -> list[int]:
        """Seconds where clips begin."""
        return [int(second) for second in self.at.split()]

    def clip(self, folder: Path, start: int) -> Path:
        """Path of the clip that begins at a second."""
        return folder / f"{self.package}_{start:02d}.mp4"

    def clips(self, folder: Path) -> list[Path]:
        """Clips that are there, of the seconds that are wanted."""
        return [clip for start in self.starts if (clip := self.clip(folder, start)).exists()]


@contextmanager
def child(command: str | list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """Runs a command in its own session, and ends all of that session afterwards."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=env, shell=isinstance(command, str), stdin=subprocess.DEVNULL,
            stdout=out, stderr=out, start_new_session=True, cwd=env["HOME"],
        )  # fmt: skip
    RUNNING.append(process)
    try:
        yield process
    finally:
        end(process)
        RUNNING.remove(process)


def end_all() -> None:
    """Ends everything that runs, so that the threads that wait for it come to their end."""
    for process in list(RUNNING):
        end(process)


def end(process: subprocess.Popen) -> None:
    """Ends a process and its group: first politely, then for certain."""
    for sign, seconds in ((signal.SIGTERM, 2), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@contextmanager
def virtual_screen(game: Game, home: Path) -> Iterator[dict[str, str]]:
    """Starts Xvfb and a window manager without decorations; yields the environment."""
    (home / ".asoundrc").write_text(SILENCE)
    (home / "openbox.xml").write_text(OPENBOX)
    paths = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)}
    env = {"PATH": f"{os.environ['PATH']}:/usr/games", **ENVIRONMENT, **paths}
    log, number = home / "screen.log", home / "display"
    server = f"exec Xvfb -displayfd 3 -screen 0 {game.screen}x24 -nolisten tcp 3> {number}"
    with child(server, env, log):
        env["DISPLAY"] = f":{wait_for_text(number)}"
        with child(["openbox", "--config-file", str(home / "openbox.xml")], env, log):
            time.sleep(0.5)
            yield env


def wait_for_text(path: Path) -> str:
    """Text of a file, as soon as a whole line is in it."""
    for _ in range(100):
        if path.exists() and path.read_text().endswith("\n"):
            return path.read_text().strip()
        time.sleep(0.1)
    raise GameError("Xvfb did not start")


def xdotool(env: dict[str, str], *words: object) -> str:
    """Runs xdotool; returns what it prints."""
    command = ["xdotool", *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=20)
    return done.stdout


def window(env: dict[str, str], game: Game) -> tuple[int, int, int, int]:
    """The largest visible window as x, y, width, height, cut to the screen and made even.

    The whole screen where no window has a name: full-screen games are often so.
    """
    best = (0, 0, 0, 0)
    for number in xdotool(env, "search", "--onlyvisible", "--name", ".").split():
        text = xdotool(env, "getwindowgeometry", "--shell", number)
        value = dict(line.split("=") for line in text.split() if "=" in line)
        if "WIDTH" not in value:
            continue
        left, top = max(0, int(value["X"])), max(0, int(value["Y"]))
        right = min(game.size[0], int(value["X"]) + int(value["WIDTH"]))
        bottom = min(game.size[1], int(value["Y"]) + int(value["HEIGHT"]))
        best = max(best, (left, top, (right - left) // 2 * 2, (bottom - top) // 2 * 2), key=area)
    return best if area(best) > 100 * 100 else (0, 0, *game.size)


def area(box: tuple[int, int, int, int]) -> int:
    """Pixels in a window; 0 for one outside the screen."""
    return max(0, box[2]) * max(0, box[3])


def set_up(env: dict[str, str], game: Game) -> None:
    """Does the steps that lead from the start of a game to its play."""
    time.sleep(float(game.wait))
    for step in filter(None, map(str.strip, game.setup.split(";"))):
        name, *values = shlex.split(step)
        if name == "wait":
            time.sleep(float(values[0]))
        elif name == "key":
            press(env, values, 0.12)
        elif name == "type":
            xdotool(env, "type", "--delay", 80, *values)
        else:
            xdotool(env, "mousemove", *values[:2])
            if name == "click":
                time.sleep(0.15)
                xdotool(env, "mousedown", 1, "sleep", 0.12, "mouseup", 1)
        time.sleep(0.4)


def press(env: dict[str, str], keys: list[str], seconds: float) -> None:
    """Holds keys down for some time, one after another."""
    for key in keys:
        xdotool(env, "keydown", key, "sleep", seconds, "keyup", key)


def play(env: dict[str, str], game: Game, box: tuple[int, int, int, int], seconds: float) -> None:
    """Plays at random for some time."""
    chance, until = random.Random(SEED), time.monotonic() + seconds
    held = [key[1:] for key in game.keys.split() if key.startswith("+")]
    keys = [key for key in game.keys.split() if not key.startswith("+")]
    for key in held:
        xdotool(env, "keydown", key)
    while time.monotonic() < until:
        if keys and "keys" in game.driver:
            press(env, [chance.choice(keys)], chance.uniform(0.05, 0.6))
        if "mouse" in game.driver:
            x = box[0] + int(box[2] * chance.uniform(0.06, 0.94))
            y = box[1] + int(box[3] * chance.uniform(0.08, 0.94))
            xdotool(env, "mousemove", x, y)
            time.sleep(0.1)
            xdotool(env, "click", 1)
        time.sleep(chance.uniform(0.03, 0.25))
