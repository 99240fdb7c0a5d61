"""`python -m seekline.server` is `seekline`, also where scripts are not on the PATH.

`-m` puts the current folder before all packages, and that may be a repository which nobody trusts. From here on it is
out of the way. What Python looks for until this line is kept out of it by `python -P -m seekline.server` alone.
"""

import sys

if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):  # -P came with Python 3.11
    del sys.path[0]

from .cli import main

main()
