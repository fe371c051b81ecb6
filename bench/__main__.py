"""``python -m bench``, the same as the ``bench`` command."""

import sys

if __name__ == "__main__":
    # `python -m` looks into the working directory first, where a mere folder named bench hides an editable install.
    if sys.modules["bench"].__file__ is None:
        del sys.modules["bench"], sys.path[0]

    from bench.cli import main

    main()
