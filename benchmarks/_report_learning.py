"""Tables of README.md on neural networks, from the rows in results/."""

from __future__ import annotations

from typing import Any

import numpy as np


def minimisers_table(rows: Any) -> list[str]:
    """Minimisers of a small network's loss, side by side."""
    found = [row for row in rows.rows if row.get("benchmark") == "learning, minimise"]
    if not found:
        return []
    first = found[0]
    text = [
        "### Minimisers of a network's loss",
        "",
        f"Classifiers of the irises with {first['parameters']} parameters, {first['starts']} "
        f"starts to an RMS gradient of {first['rms_tolerance']:g}, all in one process, compilation "
        "apart.",
        "",
        "| minimiser | reached | mean loss | minima per CPU s | compile, CPU s |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in sorted(found, key=lambda r: -r["minima_per_cpu_s"]):
        # The second of two works by the same code has nothing left to compile.
        compiling = f"{row['compile_cpu_s']:.2g}" if row["compile_cpu_s"] > 0.1 else "shared"
        ours = f"jaxscape, {'with certificates' if row.get('certified') else 'gradient only'}"
        text.append(
            f"| {row.get('peer', ours)} | {row['reached']} | {row['mean_loss']:.6f} | "
            f"{row['minima_per_cpu_s']:.3g} | {compiling} |"
        )
    return text


def networks_table(rows: Any) -> list[str]:
    """Large networks: what was certified, the paths between them, time and memory."""
    connected, large = rows.find("learning, connect"), rows.find("learning, size")
    if not connected and not large:
        return []
    text = ["### Large networks", ""]
    for row in connected:
        least, most = min(row["lowest_eigenvalues"]), max(row["lowest_eigenvalues"])
        text += [
            f"{row['copies']} copies of a digits classifier with {row['parameters']:,} parameters "
            f"({row['samples']} samples, l2 {row['l2']:g}), trained from as many seeds: "
            f"{row['certified']} certified minima, lowest eigenvalues {least:.2g} to {most:.2g}. "
            f"{row['cpu_s']:.0f} CPU s of training, "
            f"{row['certificates_cpu_s']:.0f} of certificates ({row['saddles_left']} went on from "
            f"a saddle), {row['connect_cpu_s']:.0f} of bands. Barriers of {row['pairs']} pairs, "
            "and the share of unseen digits told rightly in the middle of the straight line "
            f"({row['aligned_accuracy'][0]:.1%} at its ends):",
            "",
            "| | straight line | band | accuracy in the middle |",
            "|---|---:|---:|---:|",
        ]
        for name, label in (("as_trained", "as trained"), ("aligned", "aligned")):
            cells = [
                f"{min(row[f'{name}_{kind}']):.2g} to {max(row[f'{name}_{kind}']):.2g}"
                for kind in ("straight", "band")
            ]
            text.append(f"| {label} | {' | '.join(cells)} | {row[f'{name}_accuracy'][1]:.1%} |")
        text.append("")
    if large:
        programs = " and ".join(str(row["program_mib"]) for row in large)
        text += [
            "Two copies of larger ones and the band between them. Memory is the peak of the "
            "process beyond that of one with 310 parameters (which is Python, JAX and compiling: "
            f"{programs} MiB), against what `memory_bound` tells beforehand:",
            "",
            "| parameters | samples | l2 | minima | lowest eigenvalues | barrier, straight | "
            "band | training, CPU s | certificates | band | peak, MiB | bound, MiB | "
            "dense Hessian, MiB |",
            "|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
    for row in sorted(large, key=lambda r: r["parameters"]):
        # None: not computed.
        lowest = [f"{e:.3g}" if e is not None else "-" for e in row["lowest_eigenvalues"]]
        beside = row["peak_mib"] - row["program_mib"]
        text.append(
            f"| {row['parameters']:,} | {row['samples']} | {row['l2']:g} | {row['certified']} | "
            f"{', '.join(lowest)} | {row['straight']:.2g} | "
            f"{row['band']:.2g} | {row['cpu_s']:.0f} | {row['certificates_cpu_s']:.0f} | "
            f"{row['path_cpu_s']:.0f} | {beside:,} | {row['bound_mib']:,} | "
            f"{row['dense_hessian_mib']:,} |"
        )
    return text


def bands_table(rows: Any) -> list[str]:
    """Bands between trained networks: evaluations, and the barriers they leave."""
    found = rows.find("learning, bands", "")
    if not found:
        return []
    first = found[0]
    text = [
        "### Bands between networks",
        "",
        f"{first['pairs']} pairs of networks as trained, {first['parameters']} parameters "
        f"({first['samples']} digits, l2 {first['l2']:g}); bands of {first['images']} images in "
        "the end. *Published* is AutoNEB as Draxler et al. (2018) run it: momentum, even spacing "
        "after every step, 1,000 steps between insertions; rates other than 0.1 and fewer steps "
        "are ours. Compilation apart.",
        "",
        "| | steps a stage | evaluations | mean barrier | highest | CPU s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        name = f"published, rate {row['rate']:g}" if "peer" in row else "jaxscape"
        text.append(
            f"| {name} | {row['steps']:,} | {row['evaluations']:,} | {row['mean_barrier']:.4f} | "
            f"{row['highest_barrier']:.4f} | {row['cpu_s']:.1f} |"
        )
    return text


def roughness_table(rows: Any) -> list[str]:
    """The roughness of a data set by pairs of features, beside the result that comes with it."""
    found = rows.find("learning, roughness")
    if not found:
        return []
    seeds = sorted({row["seed"] for row in found})
    pairs = list(dict.fromkeys(tuple(row["features"]) for row in found))
    at = {(tuple(row["features"]), row["seed"]): row for row in found}
    cpu = [sum(row["cpu_s"] for row in found if row["seed"] == seed) for seed in seeds]
    text = [
        "### Roughness of a data set",
        "",
        "The example data of topsearch (825 samples, four features, six pairs; "
        "[IBM/topography-searcher](https://github.com/IBM/topography-searcher) at 78f4d00). Minima "
        "and transition states inside of the convex hull, and frustration; *complete* says that "
        "minima minus saddles plus maxima of the whole box are one, and otherwise how many "
        "transition states are missing for that (-1: a minimum or a maximum is). They take "
        f"{' and '.join(f'{c:.0f}' for c in cpu)} CPU seconds in all, with compilation, topsearch "
        "about 456 for one pair.",
        "",
        f"| features | {' | '.join(f'seed {s}' for s in seeds)} | complete | topsearch, stored |",
        f"|---|{'---|' * len(seeds)}---|---|",
    ]
    for pair in pairs:
        cells = [
            f"{at[pair, s]['minima']}, {at[pair, s]['transition_states']}: "
            f"{at[pair, s]['frustration']:.4f}"
            for s in seeds
        ]
        rest = [at[pair, s]["missing"] for s in seeds if "missing" in at[pair, s]]
        whole = "yes" if not any(rest) else f"{', '.join(map(str, rest))} missing"
        minima, states, value = at[pair, seeds[0]]["stored"]
        text.append(
            f"| {pair[0]}, {pair[1]} | {' | '.join(cells)} | {whole if rest else '-'} | "
            f"{minima}, {states}: {value:.4f} |"
        )
    means = [np.mean([at[pair, s]["frustration"] for pair in pairs]) for s in seeds]
    stored = np.mean([at[pair, seeds[0]]["stored"][2] for pair in pairs])
    text.append(f"| mean of these | {' | '.join(f'{m:.4f}' for m in means)} | | {stored:.4f} |")
    return text


def clustering_table(rows: Any) -> list[str]:
    """K-means on the irises: the minima of Lloyd runs, and the network."""
    found = rows.find("learning, clustering")
    if not found:
        return []
    text = [
        "### K-means on the irises",
        "",
        f"Different costs at the ends of {found[0]['runs']:,} Lloyd runs from random samples, how "
        "many of these the network has, and all that is in it. Of six clusters only the minima of "
        "the runs are searched from, and what that brings stays unconnected. Runs of the count are "
        "NumPy's: where a sample is as far from two centres on the way, rounding decides, and a "
        "run may end elsewhere than the network's own.",
        "",
        "| clusters | costs of the runs | in the network | minima | transition states | "
        "components | lowest cost | CPU s |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        text.append(
            f"| {row['clusters']} | {row['costs_of_the_runs']:,} | {row['of_them_found']:,} | "
            f"{row['minima']:,} | {row['transition_states']:,} | {row['components']} | "
            f"{row['lowest']:.6f} | {row['cpu_s']:.0f} |"
        )
    return text
