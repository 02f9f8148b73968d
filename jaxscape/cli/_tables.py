"""Numbers in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import jaxscape as js

_COLUMNS = ("k forward", "k backward", "time forward", "time backward", "population")


def rates_table(found: list[js.Rates], units: js.Units) -> str:
    """A line for each temperature, under a line that names the columns."""
    from jaxscape.analysis.kinetics.rates import scientific

    kt = f"kT ({units.energy})" if units.energy else "kT"
    lines = ["".join(f"{name:>15}" for name in (kt, *_COLUMNS))]
    for one in found:
        logs = (
            one.forward.log_rate, one.backward.log_rate,
            one.forward.log_mean_time, one.backward.log_mean_time,
        )  # fmt: skip
        both = np.logaddexp(one.log_population_a, one.log_population_b)
        numbers = [*map(scientific, logs), scientific(one.log_population_b - both)]
        lines.append(f"{one.temperature:>15g}" + "".join(f"{text:>15}" for text in numbers))
    return "\n".join(lines)
