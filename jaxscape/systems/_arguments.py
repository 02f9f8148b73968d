"""Checks of numbers that systems are made from."""


def at_least(name: str, value: int, least: int) -> int:
    """`value` as an int; `ValueError` unless it is a whole number, `least` or more."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} is {value!r}; pass a whole number, {least} or more")
    return int(value)


def positive(**values: float) -> None:
    """`ValueError` unless every value is above zero."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} is {value!r}; pass a positive number")
