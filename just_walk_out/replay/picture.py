"""One picture of what happened: the floor plan with everyone's way, takes and returns, and the receipts."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from just_walk_out.checkout.money import format_money
from just_walk_out.records import Adjustment, Charge, ChargeState, DecisionState, Interaction, Kind, TrackArray, Visit
from just_walk_out.replay.scoring import ReceiptScore
from just_walk_out.store.model import Gondola, Store

_ROW = 0.17  # metres between two notes
_PAPER, _INK, _FAINT = "#fbfaf7", "#2b2b2b", "#b9b4a8"


def draw(
    path: Path,
    store: Store,
    tracks: Sequence[TrackArray],
    visits: Mapping[str, Visit],
    interactions: Sequence[Interaction],
    charges: Sequence[Charge],
    scores: Sequence[ReceiptScore] = (),
    adjustments: Sequence[Adjustment] = (),
) -> None:
    """Draw the picture.

    Args:
        path: PNG to write.
        store: floor plan and fixtures.
        tracks: everyone, tick by tick.
        visits: by id.
        interactions: decided takes and returns.
        charges: outcomes, one receipt each.
        scores: the receipts' comparison with the truth, by account; empty where no truth is known.
        adjustments: corrections of the charges, the last of each the last.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9.2), facecolor=_PAPER)
    plan = figure.add_axes((0.02, 0.04, 0.62, 0.88))
    page = figure.add_axes((0.66, 0.04, 0.33, 0.88))
    accounts = sorted({visit.account for visit in visits.values()} | {charge.account for charge in charges})
    colors = {account: _color(number, len(accounts)) for number, account in enumerate(accounts)}
    account_of = {track: visit.account for visit in visits.values() for track in visit.tracks}
    _draw_store(plan, store)
    _draw_ways(plan, tracks, account_of, colors)
    _draw_interactions(plan, store, interactions, visits, colors)
    last = {each.charge: each for each in adjustments}
    _draw_receipts(page, charges, last, {score.account: score for score in scores}, colors)
    figure.text(0.02, 0.955, store.name, fontsize=20, fontweight="bold", color=_INK)
    right = sum(score.exact for score in scores)
    summary = f"{len(charges)} visits, {sum(charge.state is ChargeState.REVIEW for charge in charges)} in review"
    if scores:
        summary += f", {right} of {len(scores)} receipts exact"
    figure.text(0.98, 0.955, summary, fontsize=14, color=_INK, ha="right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _color(number: int, count: int) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(number / max(count, 1), 0.85, 0.55 + 0.25 * (number % 2))


def _draw_store(plan: Any, store: Store) -> None:
    from matplotlib.patches import Polygon

    plan.set_aspect("equal")
    plan.set_axis_off()
    plan.add_patch(Polygon(store.floor, closed=True, facecolor="#f1ede4", edgecolor=_INK, linewidth=2))
    for wall in store.walls:
        plan.plot(*zip(wall.start, wall.end, strict=True), color=_INK, linewidth=3)
    for gate in store.gates:
        color = "#2d8a4e" if gate.admits else "#b23a2f"
        plan.plot(*zip(gate.start, gate.end, strict=True), color=color, linewidth=4, solid_capstyle="butt")
        x, y = (gate.start[0] + gate.end[0]) / 2, (gate.start[1] + gate.end[1]) / 2
        inward = gate.inward
        plan.text(
            x - 0.35 * inward[0], y - 0.35 * inward[1], gate.id, color=color, fontsize=9, ha="center", va="center"
        )
    for gondola in store.gondolas:
        corners = gondola.footprint()
        plan.add_patch(Polygon(corners, closed=True, facecolor="#ded5c3", edgecolor="#8d8470"))
        front = corners[:2]
        plan.plot(*zip(*front, strict=True), color="#8d8470", linewidth=3)
        x, y = (sum(corner[axis] for corner in corners) / 4 for axis in (0, 1))
        plan.text(x, y, gondola.id, color="#8d8470", fontsize=10, ha="center", va="center")
    for camera in store.cameras:
        if camera.role == "overview":
            plan.plot(camera.pose.x, camera.pose.y, marker=(3, 0, 30), color="#5b6d8a", markersize=9)


def _draw_ways(
    plan: Any, tracks: Sequence[TrackArray], account_of: Mapping[str, str], colors: Mapping[str, Any]
) -> None:
    ways: dict[str, list[tuple[float, float]]] = {}
    for tick in tracks:
        for track in tick.tracks:
            ways.setdefault(track.id, []).append((track.x, track.y))
    for track_id, way in ways.items():
        account = account_of.get(track_id)
        color = colors.get(account, _FAINT) if account else _FAINT
        x, y = zip(*way, strict=True)
        plan.plot(x, y, color=color, linewidth=1.6 if account else 0.8, alpha=0.75, zorder=3)


def _draw_interactions(
    plan: Any,
    store: Store,
    interactions: Sequence[Interaction],
    visits: Mapping[str, Visit],
    colors: Mapping[str, Any],
) -> None:
    noted: dict[str, int] = {}
    for item in sorted(interactions, key=lambda each: (each.start, each.id)):
        x, y = store.front_of(item.plates[0])
        account = visits[item.visit].account if item.visit in visits else ""
        color = colors.get(account, _FAINT)
        mark = "v" if item.kind is Kind.TAKE else "^"
        edge = "#d08a00" if item.state is DecisionState.REVIEW else "white"
        plan.plot(x, y, mark, color=color, markersize=11, markeredgecolor=edge, zorder=5)
        gondola = store.gondola_of[item.plates[0]]
        row = noted[gondola.id] = noted.get(gondola.id, -1) + 1
        sign = "" if item.kind is Kind.TAKE else "back: "
        side, top, align = _margin(gondola)
        place = {"fontsize": 8, "color": color, "ha": align, "va": "top", "zorder": 6}
        plan.text(side, top - _ROW * row, f"{sign}{item.quantity} {item.sku or '?'}", **place)


def _margin(gondola: Gondola) -> tuple[float, float, str]:
    """Return where the notes of a gondola begin, and how they are aligned: behind it, or to its right."""
    corners = gondola.footprint()
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    if -math.sin(gondola.pose.yaw) < -0.7:  # its back is to the left
        return min(xs) - _ROW, max(ys), "right"
    return max(xs) + _ROW, max(ys), "left"


def _draw_receipts(
    page: Any,
    charges: Sequence[Charge],
    corrected: Mapping[str, Adjustment],
    scores: Mapping[str, ReceiptScore],
    colors: Mapping[str, Any],
) -> None:
    page.set_axis_off()
    page.set_xlim(0, 1)
    page.set_ylim(0, 1)
    bills: dict[str, Charge | Adjustment] = {charge.id: corrected.get(charge.id, charge) for charge in charges}
    rows = sum(2 + max(len(bill.lines), 1) for bill in bills.values())
    step = min(0.032, 1.0 / max(rows, 1))
    size = max(5.0, min(11.0, step * 340))
    y = 1.0
    for charge in sorted(charges, key=lambda item: (item.exited, item.id)):
        y -= step
        bill = bills[charge.id]
        total = format_money(bill.total, charge.currency)
        state = "corrected" if bill is not charge else charge.state.name.lower()
        page.text(0.0, y, charge.account, fontsize=size, fontweight="bold", color=colors.get(charge.account, _INK))
        page.text(0.72, y, f"{state} {total}", fontsize=size, color=_INK, ha="right")
        if charge.account in scores:
            good = scores[charge.account].exact
            page.text(0.76, y, "exact" if good else "differs", fontsize=size, color="#2d8a4e" if good else "#b23a2f")
        for line in bill.lines:
            y -= step
            doubt = "" if line.state is DecisionState.COMMITTED else "   (in review, not charged)"
            page.text(0.03, y, f"{line.quantity} x {line.name}{doubt}", fontsize=size * 0.9, color=_INK)
            page.text(0.72, y, format_money(line.amount, charge.currency), fontsize=size * 0.9, color=_INK, ha="right")
        if not bill.lines:
            y -= step
            page.text(0.03, y, "nothing taken", fontsize=size * 0.9, color=_FAINT)
        y -= step
