"""What the person did between two frames, as far as the screen shows it.

Each rule asks for signs that nothing else explains as well; where two explanations fit there is
no action. Confidence is in thousandths and never 1000 for what was inferred.

Covers: the rules in order, and their records. Does not cover: each rule (`typing_acts`,
`scroll_acts`, `window_acts`), acts that span more than two frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.change import Action, ElementChange
from contracts.screen import ScreenState
from plugins.screen_state.scroll_acts import find_scrolls
from plugins.screen_state.typing_acts import find_typing
from plugins.screen_state.views import Act, Comparison, Moment, View
from plugins.screen_state.window_acts import find_click, find_opened, find_switch

ACTIONS_MAX: Final = 256


def infer_actions(
    before: ScreenState,
    after: ScreenState,
    changes: Sequence[ElementChange],
    earlier: Moment,
    later: Moment,
) -> tuple[Action, ...]:
    """Actions between two frames of one monitor; none where nothing visible changed."""
    pair = Comparison(View(before), View(after), changes, earlier, later)
    switch = find_switch(pair)
    acts: list[Act] = [] if switch is None else [switch]
    if changes:
        acts += find_opened(pair)
        click = find_click(pair, switch)
        acts += [] if click is None else [click]
        if switch is None:
            # Behind a switch other windows' texts come and go: nothing to read typing from.
            typed = find_typing(pair)
            acts += typed + find_scrolls(pair, typed)
    return tuple(_record(pair, act, after) for act in acts[:ACTIONS_MAX])


def _record(pair: Comparison, act: Act, after: ScreenState) -> Action:
    earlier, later = pair.earlier, pair.later
    shift_x, shift_y = act.shift or (None, None)
    return Action(
        action=act.action,  # type: ignore[arg-type]
        standing="observed" if act.is_observed else "derived",
        monitor=after.monitor,
        from_us=earlier.at_us,
        to_us=max(earlier.at_us, later.at_us),
        confidence_permille=act.confidence_permille,
        evidence=(earlier.event_id, later.event_id),
        element_id=act.element_id,
        text=act.text,
        extractor=after.extractor,
        extractor_version=after.extractor_version,
        elements=act.elements,
        basis=act.basis,
        shift_x_px=shift_x,
        shift_y_px=shift_y,
    )
