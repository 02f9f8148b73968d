"""`python -m jaxscape` is the command line."""

from jaxscape.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
