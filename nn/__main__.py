"""``python -m nn``: see `nn.app.command_line`."""

import sys

if __name__ == "__main__":
    try:
        from .app.command_line import main

        status = main()
    except KeyboardInterrupt:  # while importing, or a second one
        print("\ninterrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
