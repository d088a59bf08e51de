"""`python -m attnmt` is the `attnmt` command."""

from attnmt.cli import main

if __name__ == "__main__":
    main()
