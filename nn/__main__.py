"""Start ``python -m nn``; the command line is `nn.app.command_line`."""

import sys

if __name__ == "__main__":
    try:
        from .app.command_line import main

        status = main()
    except KeyboardInterrupt:  # during the import, or a second time
        print("\ninterrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
