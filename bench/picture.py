"""The README's picture: what the embedded model says where the answer stands in another file.

    python bench/picture.py [FILE]

It is the second part of `make demo`, recorded as an SVG. A browser that shows it opens no connection: rich's own
template fetches a font, this one names those that are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import demo
from rich.console import Console

PICTURE = Path(__file__).resolve().parent / "results" / "completion.svg"
COLUMNS = 100
TEMPLATE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
  <style>
    .{unique_id}-matrix {{
      font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
      font-size: {char_height}px;
      line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold }}
    {styles}
  </style>
  <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
    </clipPath>
    {lines}
  </defs>
  {chrome}
  <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">{matrix}</g>
  </g>
</svg>
"""


def record() -> Console:
    """The completion with the other files and the one without, on a console that remembers them."""
    console = Console(record=True, width=COLUMNS, highlight=False)
    demo.other_files(demo.Demo(console))
    return console


def drawn(console: Console) -> str:
    """What a recording console has shown, as SVG."""
    return console.export_svg(title="make demo", code_format=TEMPLATE, unique_id="seekline", clear=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=PICTURE)
    file = parser.parse_args().file
    file.write_text(drawn(record()), "utf-8")
    print(f"{file} is written.")


if __name__ == "__main__":
    main()
