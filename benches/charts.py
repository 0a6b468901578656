"""Line charts as SVG: panels in two columns, with one legend, readable on a light and on a dark page."""

import math

WIDTH, HEIGHT = 350, 190  # of what a panel plots
LEFT, TOP, RIGHT, BOTTOM = 62, 40, 18, 48  # around it, for the labels
FEW = 20  # points, up to which each is marked
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #59636e }
  .title { font-weight: 600; font-size: 13px; fill: #1f2328 }
  .paper { fill: #ffffff; stroke: #d1d9e0 }
  .grid { stroke: #d1d9e0; stroke-width: 1; fill: none }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .range { stroke-width: 1.5 }
  .c0 { stroke: #818b98 } .c1 { stroke: #0969da } .c2 { stroke: #bc4c00 }
  circle.c0 { fill: #818b98 } circle.c1 { fill: #0969da } circle.c2 { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title { fill: #f0f6fc }
    .paper { fill: #0d1117; stroke: #3d444d }
    .grid { stroke: #3d444d }
    .c1 { stroke: #4493f8 } circle.c1 { fill: #4493f8 }
    .c2 { stroke: #f0883e } circle.c2 { fill: #f0883e }
  }
"""


def short(value):
    """A number in as few characters as it can be read in."""
    for size, letter in [(1_000_000, " M"), (1000, " k")]:
        if value >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.3g}"


def ticks(top):
    """Round numbers from 0 up to the first that is not below `top`, with four or five steps."""
    step = 10 ** math.floor(math.log10(max(top, 1e-9) / 4))
    step = next(step * factor for factor in (1, 2, 2.5, 5, 10, 20) if step * factor * 5 >= top)
    return [step * index for index in range(math.ceil(top / step - 1e-9) + 1)]


def panel(title, lines, across, colours):
    """One diagram, from the origin.

    lines: {name: [(x, low, middle, high)]}; across: [(x, label)]; colours: {name: index}
    """
    points = [point for line in lines.values() for point in line]
    down = ticks(max(high for _, _, _, high in points))
    first, last = min(x for x, _ in across), max(x for x, _ in across)
    at_x = lambda x: LEFT + WIDTH * (0.04 + 0.92 * (x - first) / (last - first))
    at_y = lambda y: TOP + HEIGHT * (1 - y / down[-1])
    yield f'<text class="title" x="{LEFT}" y="{TOP - 16}">{title}</text>'
    for y in down:
        yield f'<path class="grid" d="M{LEFT} {at_y(y):.1f}h{WIDTH}"/>'
        yield f'<text x="{LEFT - 8}" y="{at_y(y) + 4:.1f}" text-anchor="end">{short(y)}</text>'
    for x, label in across:
        yield f'<text x="{at_x(x):.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{label}</text>'
    for name, line in lines.items():
        colour = f"c{colours[name]}"
        path = " ".join(f"{at_x(x):.1f},{at_y(middle):.1f}" for x, _, middle, _ in line)
        yield f'<polyline class="line {colour}" points="{path}"/>'
        for x, low, middle, high in line if len(line) <= FEW else []:
            yield f'<path class="range {colour}" d="M{at_x(x):.1f} {at_y(low):.1f}V{at_y(high):.1f}"/>'
            yield f'<circle class="{colour}" cx="{at_x(x):.1f}" cy="{at_y(middle):.1f}" r="3"/>'


def legend(colours):
    x = LEFT
    for name, index in colours.items():
        if not name:
            continue
        yield f'<circle class="c{index}" cx="{x + 4}" cy="-4" r="4"/><text x="{x + 14}" y="0">{name}</text>'
        x += 40 + 7 * len(name)


def svg(panels, colours):
    """The picture. panels: [(title, lines, across)], see `panel`; colours: {name: index}, what the legend names unless it is empty."""
    wide, high = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    rows = math.ceil(len(panels) / 2)
    width, height = 2 * wide + RIGHT, rows * high + 24
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>'
    for index, (title, lines, across) in enumerate(panels):
        yield f'<g transform="translate({index % 2 * wide} {index // 2 * high})">'
        yield from panel(title, lines, across, colours)
        yield "</g>"
    yield f'<g transform="translate(0 {rows * high + 4})">'
    yield from legend(colours)
    yield "</g>\n</svg>"


def write(path, panels, colours):
    path.write_text("\n".join(svg(panels, colours)) + "\n")
