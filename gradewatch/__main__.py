"""`python -m gradewatch` is `gradewatch`."""

import sys

from gradewatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
