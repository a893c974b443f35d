"""A circuit as pixels: the SVG drawn by resvg, a library with its own renderer, that the extra `png` brings.

It reads our style sheet as a browser does, and needs no system library. CairoSVG, tried too, needs libcairo and draws
some texts in the style of their neighbours.
"""

from __future__ import annotations

from gradcli.errors import GradError

ZOOM = 2
MOST_PIXELS = 120_000_000


def png(svg: str) -> bytes:
    """The pixels of an SVG document, two for one.

    Raises GradError (usage) where the extra is not installed, and (limit) for a picture that is too large.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        hint = "pip install 'gradcli[png]'; or write an .svg, which browsers and editors open"
        raise GradError("usage", "png needs the extra 'png', which is not installed", hint=hint) from None
    width, height = [float(size) for size in svg.partition('viewBox="0 0 ')[2].partition('"')[0].split()]
    if width * height * ZOOM**2 > MOST_PIXELS:
        millions = width * height * ZOOM**2 / 1e6
        raise GradError(
            "limit", f"the picture would have {millions:,.0f} million pixels, the most is {MOST_PIXELS // 10**6}",
            hint="write an .svg, which has no pixels",
        )  # fmt: skip
    return bytes(svg_to_bytes(svg_string=svg, zoom=ZOOM))
