"""`python -m gradcli`, the same as the command `gradcli`."""

import sys

if __name__ == "__main__":
    from gradcli.cli import main

    sys.exit(main())
