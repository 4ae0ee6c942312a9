"""`python -m turnspec` is `turnspec`."""

from turnspec.cli.main import main

if __name__ == "__main__":
    main()
