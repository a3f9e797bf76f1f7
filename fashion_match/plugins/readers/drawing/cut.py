"""How each category of garment is cut and sewn. The numbers are places in a unit square, y downwards."""

from __future__ import annotations

from collections.abc import Callable

from fashion_match.plugins.readers.drawing.canvas import INK, Canvas
from fashion_match.plugins.readers.drawing.outline import Outline, both_sides, mirrored, trace
from fashion_match.plugins.readers.drawing.style import mix

METAL = (202, 198, 188)
RUBBER = (238, 236, 230)


def sew(canvas: Canvas) -> None:
    """Draw the garment of the canvas's style."""
    _CUTS[canvas.style.category](canvas)


def _top(canvas: Canvas, *, hem: float, neck: float, long: bool, collar: bool = False) -> None:
    """Draw body, sleeves and the inside of the neck: what all tops have."""
    wide = 0.205 + 0.035 * canvas.style.shape[0]
    if long:
        end = 0.76 + 0.06 * canvas.style.shape[1]
        sleeve = trace(
            (0.15, 0.15), (0.27, 0.17, 0.32, 0.36), (0.40, end), (0.318, end + 0.025), (0.25, 0.5, wide - 0.02, 0.36)
        )
    else:
        reach = 0.385 + 0.03 * canvas.style.shape[1]
        sleeve = trace((0.15, 0.15), (0.26, 0.16, reach, 0.37), (reach - 0.085, 0.435), (0.24, 0.39, wide - 0.02, 0.34))
    right, left = both_sides(sleeve)
    canvas.cloth(right, turn=58 if long else 40, shade=0.06)
    canvas.cloth(left, turn=-58 if long else -40, shade=0.06)
    inside = mirrored(trace((0, 0.135), (0.06, 0.135, 0.105, 0.12), (0.09, 0.2), (0.05, 0.24, 0, 0.24)))
    canvas.cloth(inside, shade=0.38)
    body = trace(
        (0, neck),
        (0.085, neck, 0.105, 0.12),
        (0.17, 0.14, 0.215, 0.175),
        (0.185, 0.27, wide - 0.015, 0.37),
        (wide - 0.03, 0.6, wide + 0.01, hem),
        (0.1, hem + 0.02, 0, hem + 0.02),
    )
    canvas.cloth(mirrored(body))
    if not collar:
        canvas.line(
            _centred((-0.11, 0.135), (-0.085, neck + 0.022, 0, neck + 0.022), (0.085, neck + 0.022, 0.11, 0.135))
        )


def _centred(start: tuple[float, float], *segments: tuple[float, ...]) -> Outline:
    return [(0.5 + x, y) for x, y in trace(start, *segments)]


def _t_shirt(canvas: Canvas) -> None:
    hem = 0.80 + 0.07 * canvas.style.shape[1]
    _top(canvas, hem=hem, neck=0.19 + 0.05 * canvas.style.shape[2], long=False)
    canvas.line(
        _centred((-0.2, hem - 0.012), (-0.1, hem + 0.006, 0, hem + 0.006), (0.1, hem + 0.006, 0.2, hem - 0.012))
    )
    if canvas.style.shape[3] > 0.6:
        canvas.cloth([(0.55, 0.33), (0.64, 0.33), (0.64, 0.41), (0.595, 0.435), (0.55, 0.41)])


def _shirt(canvas: Canvas) -> None:
    hem = 0.82 + 0.05 * canvas.style.shape[1]
    _top(canvas, hem=hem, neck=0.21, long=True, collar=True)
    canvas.line([(0.482, 0.215), (0.482, hem + 0.02)])
    canvas.line([(0.518, 0.215), (0.518, hem + 0.02)])
    button = canvas.style.accent if canvas.style.pattern == "Plain" else RUBBER
    for n in range(6):
        canvas.disc(0.5, 0.26 + n * (hem - 0.3) / 5, 0.009, button)
    for leaf in both_sides(trace((0, 0.215), (0.03, 0.15, 0.095, 0.105), (0.118, 0.15), (0.125, 0.22, 0.095, 0.262))):
        canvas.cloth(leaf, turn=20)
    if canvas.style.shape[3] > 0.4:
        canvas.cloth([(0.555, 0.36), (0.64, 0.36), (0.64, 0.45), (0.5975, 0.47), (0.555, 0.45)])
    end = 0.76 + 0.06 * canvas.style.shape[1]
    for cuff in both_sides([(0.392, end - 0.055), (0.303, end - 0.032)]):
        canvas.line(cuff)


def _sweater(canvas: Canvas) -> None:
    hem = 0.80 + 0.04 * canvas.style.shape[1]
    _top(canvas, hem=hem, neck=0.175, long=True, collar=True)
    band = mix(canvas.color, canvas.style.accent, 0.3) if canvas.style.shape[3] > 0.5 else mix(canvas.color, INK, 0.14)
    wide = 0.205 + 0.035 * canvas.style.shape[0]
    canvas.piece(mirrored([(0, hem - 0.035), (wide - 0.005, hem - 0.045), (wide, hem + 0.015), (0, hem + 0.025)]), band)
    collar = trace((0, 0.205), (0.1, 0.205, 0.12, 0.124), (0.096, 0.112), (0.075, 0.165, 0, 0.165))
    canvas.piece(mirrored(collar), band)
    end = 0.76 + 0.06 * canvas.style.shape[1]
    for cuff in both_sides([(0.394, end - 0.05), (0.402, end + 0.005), (0.318, end + 0.03), (0.304, end - 0.025)]):
        canvas.piece(cuff, band)
    rib = mix(band, INK, 0.22)
    for n in range(-9, 10):
        x = 0.5 + n * wide / 10
        canvas.line([(x, hem - 0.03), (x, hem + 0.012)], color=rib, width=0.004)


def _jacket(canvas: Canvas) -> None:
    hem = 0.74 + 0.1 * canvas.style.shape[1]
    _top(canvas, hem=hem, neck=0.165, long=True, collar=True)
    collar = trace((0, 0.205), (0.09, 0.2, 0.125, 0.15), (0.105, 0.07), (0.05, 0.1, 0, 0.1))
    canvas.cloth(mirrored(collar), turn=90, shade=0.1)
    canvas.line([(0.5, 0.1), (0.5, hem + 0.02)], color=mix(canvas.color, INK, 0.55), width=0.018)
    canvas.line([(0.5, 0.11), (0.5, hem + 0.01)], color=METAL, width=0.007)
    canvas.disc(0.5, 0.23, 0.011, METAL)
    for pocket in both_sides([(0.065, hem - 0.1), (0.15, hem - 0.2)]):
        canvas.line(pocket, color=mix(canvas.color, INK, 0.5), width=0.012)
    if canvas.style.shape[3] > 0.45:
        canvas.cloth([(0.555, 0.33), (0.65, 0.33), (0.65, 0.37), (0.6025, 0.39), (0.555, 0.37)], shade=0.08)
    canvas.line(mirrored([(0, hem - 0.03), (0.22, hem - 0.045)]))


def _legs(canvas: Canvas, *, hem: float, flare: float) -> None:
    outer, inner = 0.165 + flare, 0.035 - flare * 0.2
    leg = trace(
        (0, 0.1),
        (0.145, 0.1),
        (0.185, 0.2, 0.188, 0.32),
        (0.18, (0.32 + hem) / 2, outer, hem),
        (inner, hem + 0.008),
        (0.03, 0.52, 0, 0.40),
    )
    canvas.cloth(mirrored(leg))
    canvas.cloth(mirrored([(0, 0.09), (0.146, 0.09), (0.153, 0.145), (0, 0.15)]), shade=0.08)
    canvas.line([(0.5, 0.15), (0.5, 0.40)])
    canvas.line(_centred((0.035, 0.15), (0.035, 0.28), (0.03, 0.33, 0, 0.345)))
    for pocket in both_sides(trace((0.085, 0.15), (0.11, 0.24, 0.176, 0.25))):
        canvas.line(pocket, width=0.007)
    for loop in both_sides([(0.1, 0.085), (0.1, 0.152)]):
        canvas.line(loop, width=0.012)
    canvas.disc(0.5, 0.118, 0.012, METAL)
    for fold in both_sides([(outer - 0.004, hem - 0.028), (inner + 0.004, hem - 0.02)]):
        canvas.line(fold)


def _trousers(canvas: Canvas) -> None:
    hem = 0.90 + 0.04 * canvas.style.shape[1]
    _legs(canvas, hem=hem, flare=-0.03 + 0.06 * canvas.style.shape[2])
    if canvas.style.usage == "Formal":
        for crease in both_sides(trace((0.1, 0.3), (0.1, 0.6, 0.095, hem - 0.03))):
            canvas.line(crease)


def _shorts(canvas: Canvas) -> None:
    _legs(canvas, hem=0.55 + 0.1 * canvas.style.shape[1], flare=0.045 + 0.02 * canvas.style.shape[2])
    if canvas.style.usage == "Sports":
        for end in both_sides(trace((0.0, 0.14), (0.03, 0.2, 0.022, 0.25))):
            canvas.strap(end, RUBBER, 0.01)


def _skirt(canvas: Canvas) -> None:
    hem = 0.62 + 0.24 * canvas.style.shape[1]
    flare = 0.22 + 0.15 * canvas.style.shape[2]
    _flared(canvas, top=0.18, waist=0.13, hem=hem, flare=flare)
    canvas.cloth(mirrored([(0, 0.15), (0.128, 0.15), (0.135, 0.2), (0, 0.205)]), shade=0.12)
    if canvas.style.shape[3] > 0.5:
        for n in range(4):
            canvas.disc(0.5, 0.26 + n * (hem - 0.34) / 3, 0.01, canvas.style.accent)


def _flared(canvas: Canvas, *, top: float, waist: float, hem: float, flare: float) -> None:
    """Draw the lower part of skirts and dresses, with a hem in waves and folds that fall from the waist."""
    side = trace((0, top), (waist, top), (waist + 0.05, top + 0.12, flare, hem))
    edge = [(flare * (1 - t / 40), hem + 0.014 * (1 + _ripple(t / 40 * 3))) for t in range(41)]
    canvas.cloth(mirrored([*side, *edge]))
    for n in range(-2, 3):
        foot = n * flare / 2.6
        canvas.line(
            _centred((n * waist / 3.2, top + 0.05), (n * waist / 2.4, (top + hem) / 2, foot, hem - 0.01)), width=0.004
        )


def _ripple(x: float) -> float:
    """Return a wave of period 1 between -1 and 1, from parabolas."""
    phase = 2 * (x % 1) - 1
    return 4 * phase * (1 - abs(phase))


def _dress(canvas: Canvas) -> None:
    shape = canvas.style.shape
    hem = 0.80 + 0.13 * shape[1]
    _flared(canvas, top=0.42, waist=0.115 + 0.02 * shape[0], hem=hem, flare=0.22 + 0.13 * shape[2])
    waist = 0.115 + 0.02 * shape[0]
    if shape[3] > 0.5:  # straps
        for strap in both_sides([(0.085, 0.085), (0.095, 0.2)]):
            canvas.strap(strap, canvas.seam, 0.022)
        bodice = trace((0, 0.215), (0.06, 0.17, 0.1, 0.18), (0.15, 0.24), (0.13, 0.34, waist, 0.43), (0, 0.43))
    else:  # short sleeves
        for n, sleeve in enumerate(
            both_sides(trace((0.1, 0.105), (0.2, 0.11, 0.27, 0.27), (0.19, 0.315), (0.13, 0.25)))
        ):
            canvas.cloth(sleeve, turn=40 if n == 0 else -40, shade=0.06)
        canvas.cloth(mirrored(trace((0, 0.12), (0.06, 0.12, 0.1, 0.1), (0.08, 0.2), (0, 0.26))), shade=0.38)
        neck = 0.2 + 0.08 * shape[0]
        bodice = trace(
            (0, neck),
            (0.05, neck - 0.02, 0.095, 0.095),
            (0.17, 0.13),
            (0.14, 0.25),
            (0.15, 0.33, waist, 0.43),
            (0, 0.43),
        )
    canvas.cloth(mirrored(bodice))
    belt = canvas.style.accent if canvas.style.pattern == "Plain" else mix(canvas.color, INK, 0.3)
    canvas.piece(mirrored([(0, 0.412), (waist + 0.002, 0.408), (waist + 0.004, 0.442), (0, 0.447)]), belt)


def _shoes(canvas: Canvas) -> None:
    ankle = 0.06 * canvas.style.shape[1]
    for dx, dy, shade in ((0.06, -0.13, 0.22), (-0.02, 0.06, 0.0)):
        _shoe(canvas, dx, dy, ankle, shade)


def _shoe(canvas: Canvas, dx: float, dy: float, ankle: float, shade: float) -> None:
    def at(start: tuple[float, float], *segments: tuple[float, ...]) -> Outline:
        return [(x + dx, y + dy) for x, y in trace(start, *segments)]

    top = 0.36 - ankle
    tongue = at((0.33, top + 0.03), (0.36, top - 0.06), (0.45, top - 0.05), (0.5, 0.44), (0.4, 0.46))
    canvas.piece(tongue, mix(canvas.style.accent, INK, shade * 0.6))
    upper = at(
        (0.13, 0.63),
        (0.10, 0.5, 0.13, top),
        (0.17, top - 0.01),
        (0.24, top + 0.09, 0.37, top + 0.01),
        (0.45, 0.45, 0.62, 0.49),
        (0.86, 0.5, 0.885, 0.63),
    )
    canvas.cloth(upper, shade=shade)
    canvas.line(at((0.70, 0.505), (0.66, 0.56, 0.68, 0.63)), width=0.007)
    canvas.line(at((0.2, top + 0.05), (0.23, 0.5, 0.2, 0.63)), width=0.007)
    band = mix(canvas.style.accent, INK, shade * 0.6)
    if canvas.style.shape[3] > 0.5:
        for n in range(3):
            x = 0.33 + n * 0.06
            canvas.strap(at((x, 0.61), (x + 0.07, 0.5)), band, 0.018)
    else:
        canvas.strap(at((0.27, 0.5), (0.36, 0.62, 0.56, 0.55)), band, 0.022)
    lace = mix(RUBBER, INK, shade)
    for n in range(4):
        x, y = 0.40 + n * 0.052, top + 0.075 + n * (0.41 - top) / 4.6
        canvas.strap(at((x - 0.012, y + 0.008), (x + 0.038, y - 0.012)), lace, 0.014)
    sole = at(
        (0.115, 0.625),
        (0.5, 0.65, 0.89, 0.62),
        (0.93, 0.66, 0.89, 0.705),
        (0.5, 0.715, 0.14, 0.705),
        (0.1, 0.68, 0.115, 0.625),
    )
    canvas.piece(sole, mix(RUBBER, INK, shade))
    canvas.line(at((0.12, 0.672), (0.5, 0.69, 0.9, 0.67)), color=mix(band, RUBBER, 0.3), width=0.008)


def _bag(canvas: Canvas) -> None:
    shape = canvas.style.shape
    wide, top = 0.25 + 0.06 * shape[0], 0.40 + 0.06 * shape[1]
    leather = mix(canvas.color, INK, 0.35) if shape[2] > 0.5 else (122, 82, 54)
    rise = top - 0.27
    canvas.strap(
        _centred((-0.13, top + 0.02), (-0.12, rise + 0.04, 0, rise + 0.04), (0.12, rise + 0.04, 0.13, top + 0.02)),
        mix(leather, INK, 0.3),
        0.024,
    )
    body = trace(
        (0, top),
        (wide - 0.03, top),
        (wide, top, wide + 0.005, top + 0.04),
        (wide + 0.03, 0.84),
        (wide + 0.02, 0.88, wide - 0.03, 0.88),
        (0, 0.885),
    )
    canvas.cloth(mirrored(body))
    if shape[3] > 0.5:  # a flap with a clasp
        flap = trace(
            (0, top - 0.008),
            (wide + 0.002, top),
            (wide + 0.012, top + 0.16, wide - 0.08, top + 0.2),
            (0.1, top + 0.25, 0, top + 0.25),
        )
        canvas.cloth(mirrored(flap), shade=0.1)
        canvas.disc(0.5, top + 0.215, 0.022, METAL)
    else:  # a shopper with leather trim
        canvas.piece(
            mirrored([(0, top - 0.005), (wide, top - 0.005), (wide + 0.005, top + 0.035), (0, top + 0.035)]), leather
        )
        canvas.piece(
            mirrored([(0, 0.80), (wide + 0.025, 0.80), (wide + 0.025, 0.86), (wide - 0.03, 0.885), (0, 0.888)]), leather
        )
    canvas.strap(_centred((-0.13, top + 0.07), (-0.13, rise, 0, rise), (0.13, rise, 0.13, top + 0.07)), leather, 0.026)
    for x in (0.37, 0.63):
        canvas.disc(x, top + 0.065, 0.012, METAL)


def _hat(canvas: Canvas) -> None:
    if canvas.style.season == "Winter":
        _beanie(canvas)
    else:
        _brimmed(canvas)


def _beanie(canvas: Canvas) -> None:
    top = 0.26 - 0.05 * canvas.style.shape[1]
    canvas.disc(0.5, top - 0.02, 0.085, mix(canvas.style.accent, (255, 255, 255), 0.15), cut=True)
    canvas.cloth(mirrored(trace((0, top), (0.25, top, 0.275, 0.62), (0, 0.66))))
    for n in range(-3, 4):
        canvas.line(_centred((n * 0.02, top + 0.01), (n * 0.075, 0.4, n * 0.082, 0.6)), width=0.004)
    band = mix(canvas.color, INK, 0.12)
    cuff = trace((0, 0.585), (0.18, 0.585, 0.283, 0.555), (0.30, 0.62, 0.285, 0.70), (0.18, 0.74, 0, 0.74))
    canvas.piece(mirrored(cuff), band)
    for n in range(-8, 9):
        canvas.line(_centred((n * 0.033, 0.6), (n * 0.034, 0.725)), color=mix(band, INK, 0.2), width=0.005)


def _brimmed(canvas: Canvas) -> None:
    shape = canvas.style.shape
    reach, top = 0.38 + 0.07 * shape[0], 0.28 - 0.05 * shape[1]
    brim = trace((0, 0.53), (reach * 0.8, 0.53, reach, 0.6), (reach * 0.9, 0.73, 0, 0.74))
    canvas.cloth(mirrored(brim), shade=0.1)
    canvas.line(
        _centred((-reach * 0.93, 0.612), (-reach * 0.7, 0.71, 0, 0.715), (reach * 0.7, 0.71, reach * 0.93, 0.612))
    )
    crown = trace((0, top + 0.02), (0.06, top - 0.03, 0.13, top), (0.2, top + 0.06, 0.215, 0.6), (0.15, 0.645, 0, 0.65))
    canvas.cloth(mirrored(crown))
    canvas.line(_centred((-0.03, top + 0.03), (0, top + 0.09, 0.035, top + 0.02)), width=0.006)
    ribbon = trace((0, 0.565), (0.14, 0.56, 0.21, 0.52), (0.217, 0.6), (0.15, 0.645, 0, 0.652))
    canvas.piece(mirrored(ribbon), canvas.style.accent)


_CUTS: dict[str, Callable[[Canvas], None]] = {
    "T-shirt": _t_shirt,
    "Shirt": _shirt,
    "Sweater": _sweater,
    "Jacket": _jacket,
    "Trousers": _trousers,
    "Shorts": _shorts,
    "Skirt": _skirt,
    "Dress": _dress,
    "Shoes": _shoes,
    "Bag": _bag,
    "Hat": _hat,
}
