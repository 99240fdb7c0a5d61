"""`python -m seekline.server` is `seekline`, also where scripts are not on the PATH."""

from .cli import main

main()
