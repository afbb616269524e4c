"""The process `kfctl`, which `python -m kfctl` is as well."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # With `python -m kfctl` this is the current directory: an app must not bring modules along.
    del sys.path[0]


def main() -> None:
    """Be the process `kfctl`."""
    try:
        # Half of a short command is this import, in which Ctrl-C would be a traceback.
        from kfctl.cli import run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("kfctl: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
