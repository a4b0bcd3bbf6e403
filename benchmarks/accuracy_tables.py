"""The blocks of figures on how often the answers are right."""

from __future__ import annotations

from collections.abc import Callable

from figures import Result, interval, load, stamp, table


def scores(rows: list[Result]) -> str:
    """Accuracy and F1 of every row."""
    header = ["", "accuracy per source", "macro F1 per source", "accuracy per clip"]
    return table(
        header,
        [
            [
                row["name"],
                interval(row["per_source"]["accuracy"]),
                interval(row["per_source"]["f1_macro"]),
                f"{row['per_clip']['accuracy']['value']:.1f}",
            ]
            for row in rows
        ],
    )


def cross_validation() -> str:
    """The table of all methods on the same five folds."""
    result = load("table")
    return f"{scores(result['rows'])}\n\n{stamp(result)}"


def out_of_fold() -> str:
    """The shipped recipe beside the baselines, on the videos that each fold left out."""
    result, trust = load("table"), load("trust")["cross_validation"]["calibration"]
    shown = ("majority class", "metadata only", "logistic regression")
    rows = [
        row for row in result["rows"] if row["name"] in shown or row["name"].startswith("shipped")
    ]
    after = trust["after"]
    return (
        f"{scores(rows)}\n\n{result['num_videos']} clips of {result['num_sources']} sources. "
        f"Expected calibration error {interval(trust['before']['ece'])} % before, "
        f"{interval(after['ece'])} % after temperature scaling "
        f"({interval(after['adaptive_ece'])} % with adaptive bins), each fold at the temperature "
        f"of the others.\n\n{stamp(result)}"
    )


def presets() -> str:
    """The published model beside compact out of fold, and what tells them apart."""
    result = load("presets")
    tests = [difference(name, test) for name, test in result["against"].items()]
    header = ["A - B", "points per source", "exact McNemar p over clips"]
    return f"{scores(result['rows'])}\n\n{table(header, tests)}\n\n{stamp(result)}"


def difference(name: str, test: Result) -> list[str]:
    """One paired test as a row."""
    gain = test["difference"]
    return [
        name,
        f"{gain['value']:+.1f} [{gain['low']:+.1f}, {gain['high']:+.1f}]",
        f"{test['p_value']:.3f}",
    ]


def paired() -> str:
    """What can and cannot be told apart."""
    result = load("table")
    lines = []
    for key, title in (
        ("against_logistic regression", "logistic regression on the same features"),
        ("against_other_backbones", None),
    ):
        for name, test in result[key].items():
            a, b = (name, title) if title else (result.get("shipped", "compact, ensemble"), name)
            lines.append(difference(f"{a} - {b}", test))
    return table(["A - B", "points per source", "exact McNemar p over clips"], lines)


def validation(name: str) -> Callable[[], str]:
    """An evaluation written by ``vidkind evaluate``."""

    def block() -> str:
        result = load(name)
        return (
            f"{scores(result['rows'])}\n\n{result['num_videos']} clips of {result['num_sources']} "
            f"sources. Calibration error {result['uncalibrated_error']:.3f} before, "
            f"{result['calibration_error']:.3f} after temperature {result['temperature']:.2f} "
            "(each video scored at the temperature that the other groups gave)."
        )

    return block


def stability() -> str:
    """Flips under re-encoding, and the shortcut test."""
    result = load("stability")
    rows = [
        [name, interval(found["flipped"]), interval(found["accuracy"])]
        for name, found in result["transforms"].items()
    ]
    original = ["original", "-", interval(result["original"])]
    probes = [
        f"{name}: {interval(result[key]['accuracy'])} %"
        for name, key in (
            ("original clips", "metadata_probe_original"),
            ("uniform clips", "metadata_probe_uniform"),
        )
    ]
    majority = result["metadata_probe_uniform"]["majority_percent"]
    return (
        table(["re-encoding", "answers that flip, %", "accuracy per clip"], [original, *rows])
        + f"\n\nA probe that sees only metadata: {'; '.join(probes)} (majority {majority:.1f}).\n\n"
        + stamp(result)
    )


def mistakes() -> str:
    """The commonest confusions by subcategory."""
    rows = [
        [w["category"], w["subcategory"], w["answered"], str(w["clips"])]
        for w in load("table")["wrong"][:15]
    ]
    return table(["category", "subcategory", "answered", "clips"], rows)


def learning_curve() -> str:
    """Accuracy over the number of training sources."""
    rows = [
        [f"{point['sources']:.0f}", interval(point["accuracy"])]
        for point in load("table")["learning_curve"]
    ]
    return table(["training sources", "accuracy per source, logistic regression"], rows)


ACCURACY_BLOCKS: dict[str, Callable[[], str]] = {
    "cross-validation": cross_validation,
    "paired tests": paired,
    "out of fold": out_of_fold,
    "presets": presets,
    "validation": validation("val"),
    "validation mobilenet": validation("val_mobilenet"),
    "stability": stability,
    "mistakes": mistakes,
    "learning curve": learning_curve,
}
