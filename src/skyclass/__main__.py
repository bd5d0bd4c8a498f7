"""Run the command line with ``python -m skyclass``."""

from skyclass.cli import main

if __name__ == "__main__":
    main()
