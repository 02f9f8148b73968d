"""Tables of README.md on neural networks, from the rows in results/."""

from __future__ import annotations

from typing import Any


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
        ours = f"jaxscape, {'with certificates' if row.get('certified') else 'gradient only'}"
        text.append(
            f"| {row.get('peer', ours)} | {row['reached']} | {row['mean_loss']:.6f} | "
            f"{row['minima_per_cpu_s']:.3g} | {row['compile_cpu_s']:.2g} |"
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
            "| parameters | samples | minima | lowest eigenvalues | barrier, straight | band | "
            "training, CPU s | certificates | band | peak, MiB | bound, MiB | dense Hessian, MiB |",
            "|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
    for row in sorted(large, key=lambda r: r["parameters"]):
        # None: not computed.
        lowest = [f"{e:.3g}" if e is not None else "-" for e in row["lowest_eigenvalues"]]
        beside = row["peak_mib"] - row["program_mib"]
        text.append(
            f"| {row['parameters']:,} | {row['samples']} | {row['certified']} | "
            f"{', '.join(lowest)} | {row['straight']:.2g} | "
            f"{row['band']:.2g} | {row['cpu_s']:.0f} | {row['certificates_cpu_s']:.0f} | "
            f"{row['path_cpu_s']:.0f} | {beside:,} | {row['bound_mib']:,} | "
            f"{row['dense_hessian_mib']:,} |"
        )
    return text
