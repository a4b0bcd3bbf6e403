"""Plays free games from Debian's packages on a virtual screen and cuts clips of them.

The class Gaming has few sources. This makes more: `games.csv` says for each game how it is started,
how it gets past its menus, and who plays it: the game itself (attract, bots), or random keys and
mouse from `xdotool`. `desktop.csv` lists desktop programs in the same way, so that the way of
recording tells nothing. The virtual screen is Xvfb; FFmpeg records the window; each clip is H.264
without audio, short side 360 or less. Blank clips and clips where nothing moves are thrown away.

Runs on Debian 12 (bookworm). Look at the clips before you train on them: random play differs
from run to run, and no program sees whether a picture shows play.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
from game_screen import Game, GameError, child, end_all, play, set_up, virtual_screen, window
from rich.console import Console

TOOLS = ("xvfb", "xfonts-base", "xdotool", "ffmpeg", "openbox", "dbus-daemon")
CLIP_SECONDS, SHORT_SIDE = 7, 360
# Grey levels: spread of a picture that shows something, mean change when something moves, be it a
# line of text.
BLANK_STD, MOVED = 4.0, 0.02
MIN_STEPS = 3
COLUMNS = ("path", "label", "subcategory", "source_id", "group", "split", "package", "version")
console = Console(highlight=False, soft_wrap=True)


def read_games(path: Path) -> list[Game]:
    """Reads the list of games."""
    names = [field.name for field in fields(Game)]
    with path.open(encoding="utf-8", newline="") as file:
        return [Game(**{name: row[name] or "" for name in names}) for row in csv.DictReader(file)]


def missing_packages(games: list[Game]) -> list[str]:
    """Packages that are wanted and not installed."""
    wanted = sorted(
        {*TOOLS, *(name for game in games for name in [debian(game), *game.also.split()])}
    )
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted]
    found = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in found.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def debian(game: Game) -> str:
    """The Debian package: in desktop.csv `xterm_vim` is xterm, showing vim."""
    return game.package.partition("_")[0]


def record(game: Game, home: Path, movie: Path) -> None:
    """Starts a game, plays it, and records its window."""
    seconds = max(game.starts) + CLIP_SECONDS + 1
    with virtual_screen(game, home) as env, child(game.command, env, home / "log") as process:
        set_up(env, game)
        x, y, width, height = box = window(env, game)
        source = ["-f", "x11grab", "-draw_mouse", str(int("mouse" in game.driver)), "-framerate"]
        source += [game.fps, "-video_size", f"{width}x{height}", "-i", f"{env['DISPLAY']}+{x},{y}"]
        quick = ["-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18"]
        ffmpeg = ["ffmpeg", "-y", "-loglevel", "error", *source, *quick, str(movie)]
        with child(ffmpeg, env, home / "ffmpeg.log") as recorder:
            play(env, game, box, seconds if game.driver != "attract" else 0)
            recorder.wait(seconds + 30)
        if not movie.exists():
            raise GameError(f"FFmpeg: {last_line(home / 'ffmpeg.log')}")
        if process.poll() not in (None, 0):
            raise GameError(f"it ended: {last_line(home / 'log')}")


def last_line(path: Path) -> str:
    """The last line of a log, or nothing."""
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    return next((line.strip()[:160] for line in reversed(lines) if line.strip()), "no message")


def cut(movie: Path, start: int, fps: str, target: Path) -> None:
    """Cuts one clip at an even frame rate, scaled down where it is large."""
    scale = f"scale='if(gt(iw,ih),-2,min(iw,{SHORT_SIDE}))':'if(gt(iw,ih),min(ih,{SHORT_SIDE}),-2)'"
    command = ["ffmpeg", "-y", "-loglevel", "error", "-ss", str(start), "-i", str(movie)]
    command += ["-t", str(CLIP_SECONDS), "-an", "-vf", f"{scale}:flags=lanczos,format=yuv420p"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-r", fps, str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def fault(clip: Path) -> str | None:
    """What is wrong with a clip, if something is: it is blank, or nothing moves."""
    command = ["ffmpeg", "-loglevel", "error", "-i", str(clip), "-vf", "scale=96:54,format=gray"]
    command += ["-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 54, 96).astype(np.float32)
    if not len(frames) or np.median(frames.std(axis=(1, 2))) < BLANK_STD:
        return "blank"
    steps = (np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2)) > MOVED).sum()
    return None if steps >= MIN_STEPS else "nothing moves"


def make_clips(game: Game, folder: Path) -> str:
    """Records a game and keeps its good clips; returns what there is to say about it."""
    with tempfile.TemporaryDirectory(prefix="game-", ignore_cleanup_errors=True) as name:
        movie = Path(name) / "movie.mkv"
        record(game, Path(name), movie)
        faults = []
        for start in game.starts:
            trial = Path(name) / "trial.mp4"
            cut(movie, start, game.fps, trial)
            faults.append(fault(trial))
            if faults[-1] is None:
                shutil.move(trial, game.clip(folder, start))
    if None not in faults:
        raise GameError(f"no good clip: {', '.join(map(str, faults))}")
    return f"{faults.count(None)} clips"


def attempt(game: Game, folder: Path) -> str:
    """One line on a game: what was made, or why not."""
    if game.clips(folder):
        return f"{game.package}: there already"
    try:
        return f"[green]{game.package}[/]: {make_clips(game, folder)}"
    except (GameError, OSError, subprocess.SubprocessError) as error:
        return f"[red]{game.package} failed[/]: {error}"


def record_all(games: list[Game], folder: Path, jobs: int) -> None:
    """Records games, some at a time, and says a line on each."""
    pool = ThreadPoolExecutor(jobs)
    try:
        for line in pool.map(attempt, games, [folder] * len(games)):
            console.print(line)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        end_all()
        pool.shutdown()


def source(game: Game) -> tuple[str, str, str]:
    """Source, group and split of a game's clips; what one program shows is one group."""
    return f"debian/{game.package.replace('_', '-')}", f"debian/{debian(game)}", "train"


def write_manifest(games: list[Game], output: Path, label: str = "Gaming") -> int:
    """Writes the manifest of all clips in the folder; returns their number."""
    rows = [
        (
            f"clips/{path.name}",
            label,
            game.subcategory,
            *source(game),
            debian(game),
            game.version,
        )
        for game in games
        for path in game.clips(output / "clips")
    ]
    with (output / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return len(rows)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="PACKAGE", help="Only this game. May be repeated.")
@click.option("--again", is_flag=True, help="Record games anew that have clips already.")
@click.option("--jobs", default=1, show_default=True, help="Games at the same time.")
@click.option(
    "--games", "path", default=Path(__file__).with_name("games.csv"), metavar="CSV",
    type=click.Path(exists=True, path_type=Path), help="The list; games.csv beside this script.",
)  # fmt: skip
@click.option("--label", default="Gaming", show_default=True, help="Flat_Content: desktop.csv.")
def main(
    output: Path, only: tuple[str, ...], again: bool, jobs: int, path: Path, label: str
) -> None:
    """Plays Debian's free games and writes OUTPUT/clips/*.mp4 and OUTPUT/manifest.csv.

    A game takes about a minute. Games that have clips are skipped, so that a run that was
    stopped can go on. Nothing is installed; what is missing is named.

    \b
    Examples:
      python benchmarks/record_games.py games                  all games
      python benchmarks/record_games.py games --only kolf      one game
      python benchmarks/record_games.py games --jobs 2         two at a time
      python benchmarks/record_games.py desktop --games benchmarks/desktop.csv --label Flat_Content
    """
    every = read_games(path)
    if unknown := set(only) - {game.package for game in every}:
        raise click.UsageError(f"Not in {path.name}: {', '.join(sorted(unknown))}.")
    games = [game for game in every if not only or game.package in only]
    if missing := missing_packages(games):
        console.print(f"Missing. Install: apt-get install {' '.join(missing)}")
    able = [game for game in games if not {*TOOLS, debian(game), *game.also.split()} & {*missing}]
    (output / "clips").mkdir(parents=True, exist_ok=True)
    for clip in [clip for game in able for clip in game.clips(output / "clips")] if again else []:
        clip.unlink()
    try:
        record_all(able, output / "clips", jobs)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.")
    console.print(f"{write_manifest(every, output, label)} clips in {output / 'manifest.csv'}")


if __name__ == "__main__":
    main()
