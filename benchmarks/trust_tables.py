"""The blocks of figures that ``benchmarks/trust.py`` measures."""

from __future__ import annotations

from collections.abc import Callable

from figures import Result, interval, load, stamp, table


def calibration() -> str:
    """Calibration on val and by cross-validation, before and after."""
    result = load("trust")
    parts = {"val, cross-fitted": result["val"]}
    if "cross_validation" in result:
        parts["five folds"] = result["cross_validation"]
    rows = [
        [
            f"{name}, {when}",
            interval(scores["ece"]),
            interval(scores["adaptive_ece"]),
            f"{scores['ece_if_calibrated']:.1f} / {scores['adaptive_ece_if_calibrated']:.1f}",
            f"{scores['brier']['value']:.3f}",
            f"{scores['nll']['value']:.3f}",
        ]
        for name, part in parts.items()
        for when, scores in part["calibration"].items()
    ]
    header = ["", "ECE, %", "adaptive ECE, %", "both, if calibrated", "Brier", "NLL"]
    return f"{table(header, rows)}\n\n{stamp(result)}"


def scaling() -> str:
    """Temperature against vector scaling on held-out groups."""
    rows = [[name, f"{nll:.3f}"] for name, nll in load("trust")["scaling_nll"].items()]
    return table(["scaling", "NLL on held-out groups of val"], rows)


def abstaining() -> str:
    """Coverage and error at wanted error rates, and the AURC of each kind of trust."""
    result = load("trust")
    trust = result["val"]["trust"]
    rows = [
        [
            f"val, {point['trust']}, {point['max_error']:.0%}",
            interval(point["coverage"]),
            interval(point["error"]) if point["error"] else "-",
        ]
        for point in trust["points"]
    ]
    areas = [[f"val, {kind}", interval(area)] for kind, area in trust["aurc"].items()]
    gaps = [["val, learned - published", signed(trust["learned_minus_published"])]]
    if "cross_validation" in result:
        folds = result["cross_validation"]
        rows += [
            [
                f"five folds, learned, {float(wanted):.0%} (threshold from the other folds)",
                interval(point["coverage"]),
                interval(point["error"]) if point["error"] else "-",
            ]
            for wanted, point in folds["thresholds_from_other_folds"].items()
        ]
        rows += [
            [
                f"five folds, {kind}, 2% (threshold from the pooled answers)",
                interval(point["coverage"]),
                interval(point["error"]) if point["error"] else "-",
            ]
            for kind, point in folds["largest_coverage_at_2_percent"].items()
        ]
        areas += [[f"five folds, {kind}", interval(area)] for kind, area in folds["aurc"].items()]
        gaps += [["five folds, learned - published", signed(folds["learned_minus_published"])]]
    return (
        table(["wanted error", "answered, %", "wrong among them, %"], rows)
        + "\n\n"
        + table(["AURC", "%"], areas + gaps)
        + f"\n\n{stamp(result)}"
    )


def two_percent() -> str:
    """What is left when at most one answer in fifty may be wrong, in a sentence."""
    point = load("trust")["cross_validation"]["thresholds_from_other_folds"]["0.02"]
    return (
        f"{interval(point['coverage'])} % of the sources are answered, "
        f"{interval(point['error'])} % of the answers are wrong."
    )


def signed(figure: Result) -> str:
    """A difference with its 95 % interval."""
    return f"{figure['value']:+.2f} [{figure['low']:+.2f}, {figure['high']:+.2f}]"


def foreign() -> str:
    """Telling foreign material from the validation clips."""
    result = load("trust")
    kinds = ("learned", "published", "confidence")
    rows = [
        [
            name,
            *(f"{found[kind]['auroc']:.2f} / {found[kind]['fpr_at_95']:.0%}" for kind in kinds),
        ]
        for name, found in result["foreign"].items()
    ]
    left_out = result["val"]["trust"]["foreign"]
    rows += [
        [
            f"{name}, kind left out of the fit",
            *(f"{found[kind]['auroc']:.2f} / {found[kind]['fpr_at_95']:.0%}" for kind in kinds),
        ]
        for name, found in left_out.items()
    ]
    return table(["AUROC / FPR@95", *kinds], rows)


def label_sets() -> str:
    """Coverage and size of conformal label sets on val, cross-fitted by group."""
    rows = [
        [
            f"{found['wanted']:.0%}",
            interval(found["coverage"]),
            f"{found['mean_size']:.2f}",
            f"{found['single']:.0f}",
        ]
        for found in load("trust")["val"]["trust"]["label_sets"]
    ]
    return table(["wanted", "held, %", "mean size", "single category, %"], rows)


def interval_coverage() -> str:
    """How often each interval holds the truth, by number of sources."""
    result = load("interval_coverage")
    sizes = result["coverage"]["sizes"]
    rows = [
        [name, *(f"{found[name]['held']:.1f}" for found in sizes.values())]
        for name in result["coverage"]["truth"]
    ]
    header = ["holds the truth, % of simulations", *(f"{size} sources" for size in sizes)]
    noise = 100 * (0.05 * 0.95 / result["repetitions"]) ** 0.5
    return (
        f"{table(header, rows)}\n\n{result['repetitions']} simulations a cell; their own standard "
        f"error is {noise:.1f} points.\n\n{stamp(result)}"
    )


def max_error() -> str:
    """What thresholds give on sources that they were not fitted on, by rule."""
    result = load("interval_coverage")
    rows = []
    for count, wanted in result["abstaining"].items():
        for error, rules in wanted.items():
            cells = [
                "refused"
                if found["error"] is None
                else f"{found['error']:.1f} / {found['coverage']:.0f} / {found['promised']:.0f}"
                for found in rules.values()
            ]
            rows.append([f"{count} sources, {float(error):.0%}", *cells])
    rules = list(next(iter(wanted.values())))
    return table(["asked: wrong / answered / promised, %", *rules], rows)


TRUST_BLOCKS: dict[str, Callable[[], str]] = {
    "calibration": calibration,
    "scaling": scaling,
    "abstaining": abstaining,
    "foreign": foreign,
    "two percent": two_percent,
    "label sets": label_sets,
    "interval coverage": interval_coverage,
    "max error": max_error,
}
