"""Headings and titles: which lines of a page say what others are about.

Covers: headings of sections with what they are over, titles of the containers around a piece. Does
not cover: heads of tables and lanes (`kernel.query.tables`, `kernel.query.headings`), how much a
heading says for a value (`kernel.query.nearness`). Pure.

A heading stands alone on its row, is short, and is nearer to what follows it than to what it
follows. It is over all that lies below it in its container, as far as the next heading in print of
that size there, and as far right as the next heading beside it.
"""

from __future__ import annotations

import itertools
import re
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kernel.query.letters import Letter, letters_of
from kernel.query.prints import print_px
from kernel.query.shapes import holds_person, is_byline, is_person, tells_clock

if TYPE_CHECKING:
    from kernel.query.layout import PageLayout, Piece

_TITLED = re.compile(r"#?\s?[A-Z](?!.*(?:\.\.\.|::|=|\$ |\w@\w))")
_NAMED = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)+")
"""Machines and the like are written small: db-04.example."""
_WORDS_MAX = 7
_TITLE_WORDS_MAX = 14
_FOLLOWS_HEIGHTS = 2.6
_INSET_HEIGHTS = 2.0
_LOW = 0.9
_LEVEL_HEIGHTS = 1.5
_ADDRESS = re.compile(
    r"(?:\w+://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?/\S*?(?P<last>[\w.-]*[A-Za-z][\w.-]*)/?"
)
_BAR_HEIGHTS = 6.0
"""So far below the upper edge of a window, in lines of text, its address stands."""
_LARGE_PRINT = 1.3
_CELLS_MIN = 4
"""So many pieces on a row are cells of a table, however high one of them is boxed."""
_SAME_PRINT = 0.93
_OVER_FIELDS = 1.1
_OVER_COLUMNS = 1.12
_COLUMNS_MAX = 4
_LABEL_WORDS_MAX, _FIELD_PIECES = 3, 2
_IDENTIFYING = frozenset("name hostname number no id key reference ref".split())
"""Last words of labels that tell what a page or card is of, where they stand first."""
_REACHED_BY = frozenset("phone mobile telephone email e-mail mail address fax relation".split())


@dataclass(frozen=True, slots=True)
class Heading:
    """A line over a section: the piece (by index), and the section's edges in pixels."""

    piece: int
    left: int
    right: float
    top: int
    bottom: float


class Outline:
    """The headings and titles of a page's layout."""

    def __init__(self, layout: PageLayout) -> None:
        self._layout = layout
        self._over: dict[int, frozenset[int]] = {}
        self._usual: dict[int, float] = {}
        self._identities: dict[int, int | None] = {}

    def over(self, piece: Piece) -> frozenset[int]:
        """The headings and titles (by index) that say what a piece is about."""
        if piece.index not in self._over:
            own = frozenset(
                s.piece
                for s in self.sections
                if self._is_under(piece, s) or self._is_over_its_container(piece, s)
            )
            titles = self._titles_around(piece)
            sender = self._sender_of(piece)
            self._over[piece.index] = (own | titles | sender) - {piece.index}
        return self._over[piece.index]

    def _sender_of(self, piece: Piece) -> frozenset[int]:
        """The lines that say whom the mail is from in which the piece stands."""
        region = self._layout.told_around[piece.index]
        held = (
            letter.named
            for letter in self._letters
            if letter.region == region and letter.top <= piece.box[1] < letter.bottom
        )
        return frozenset(itertools.chain.from_iterable(held))

    @cached_property
    def _letters(self) -> tuple[Letter, ...]:
        return letters_of(self._layout)

    def section(self, piece: Piece) -> int | None:
        """The nearest heading (by index) over a piece; None under none."""
        over = [s for s in self.sections if s.piece != piece.index and self._is_under(piece, s)]
        nearest = max(over, key=lambda s: (s.top, s.left), default=None)
        return None if nearest is None else nearest.piece

    def heads_others(self, heading: Piece, piece: Piece) -> bool:
        """Whether a piece's section is headed, but by another line of that print than this one."""
        level = heading.em * _SAME_PRINT
        over = self.over(piece)
        if heading.index in over or heading.index not in self._headings:
            return False
        rivals = (self._layout.pieces[at] for at in over if at in self._headings)
        return any(rival.em >= level and self._layout.together(rival, heading) for rival in rivals)

    @cached_property
    def _headings(self) -> frozenset[int]:
        return frozenset(self._section_of)

    @cached_property
    def sections(self) -> tuple[Heading, ...]:
        """All headings with what they are over, container by container."""
        return tuple(
            itertools.chain.from_iterable(
                self._sections_in([p for p in pieces if self._is_heading(p)])
                for pieces in self._held.values()
            )
        )

    @cached_property
    def _held(self) -> dict[int, list[Piece]]:
        """The pieces that each container holds itself."""
        found: dict[int, list[Piece]] = {}
        for piece in self._layout.pieces:
            found.setdefault(self._layout.regions.of_piece[piece.index], []).append(piece)
        return found

    def _sections_in(self, heads: list[Piece]) -> list[Heading]:
        made = []
        for head in heads:
            beside = [
                other.box[0]
                for other in heads
                if other.box[0] > head.box[2]
                and abs(other.middle_y - head.middle_y) <= _LEVEL_HEIGHTS * head.height
            ]
            right = min(beside, default=float("inf"))
            ends = [
                other.box[1]
                for other in heads
                if other.box[1] >= head.box[3]
                and other.box[0] < right
                and other.box[0] <= head.box[0] + _INSET_HEIGHTS * head.height
                and other.em >= _SAME_PRINT * head.em
            ]
            bottom = min(ends, default=float("inf"))
            made.append(Heading(head.index, head.box[0], right, head.box[3], bottom))
        return made

    def _is_under(self, piece: Piece, section: Heading) -> bool:
        inside = section.top <= piece.middle_y < section.bottom
        beside = section.left - piece.height <= piece.box[0] < section.right
        heading = self._layout.pieces[section.piece]
        return inside and beside and self._layout.together(heading, piece)

    def _reaches(self, large: Piece, piece: Piece) -> bool:
        """Whether no other heading of that print parts a piece from a line in large print."""
        section = self._section_of.get(large.index)
        if section is None:
            return True
        beside = len(self._layout.row_of(large)) > 1
        left = section.left - piece.height if beside else 0
        inside = section.top <= piece.middle_y < section.bottom
        return inside and left <= piece.box[0] < section.right

    @cached_property
    def _section_of(self) -> dict[int, Heading]:
        return {section.piece: section for section in self.sections}

    def _is_over_its_container(self, piece: Piece, section: Heading) -> bool:
        """Whether the piece stands in a box below the heading: the code under "Example"."""
        regions = self._layout.regions
        home = regions.of_piece[section.piece]
        for inner, outer in itertools.pairwise(regions.chain(piece.index)):
            if outer == home and home != regions.of_piece[piece.index]:
                box = regions.boxes[inner]
                below = section.top <= box[1] + piece.height and box[1] < section.bottom
                return below and section.left - 2 * piece.height <= box[0] < section.right
        return False

    def _is_heading(self, piece: Piece) -> bool:
        text, layout = piece.text.strip(), self._layout
        if len(text.split()) > _WORDS_MAX or not _TITLED.match(text) or text[-1:] in ".,;:?!":
            return False
        if layout.prompt_over(piece) is not None or layout.regions.fields[piece.index] >= 0:
            return False
        if is_byline(text) or is_person(text) or tells_clock(text):
            # Who wrote a message is not what it is about.
            return False
        if piece.height < _LOW * layout.height or not self._stands_alone(piece):
            return False
        below = layout.below(piece, reach=_FOLLOWS_HEIGHTS)
        if not below or abs(below[0].box[0] - piece.box[0]) > _INSET_HEIGHTS * piece.height:
            return False
        above = layout.above(piece, reach=_FOLLOWS_HEIGHTS)
        if ": " in text and piece.em < _OVER_FIELDS * below[0].em:
            # "Payment terms: 30 days" is a field; a heading with a colon is in larger print.
            return False
        pitch = below[0].middle_y - piece.middle_y
        return not above or piece.middle_y - above[0].middle_y > pitch

    def _stands_alone(self, piece: Piece) -> bool:
        """Whether nothing is on its row but headings of other columns, each in larger print."""
        row = self._layout.row_of(piece)
        return len(row) == 1 or (len(row) <= _COLUMNS_MAX and all(map(self._heads_column, row)))

    def _heads_column(self, piece: Piece) -> bool:
        """Whether what begins right below it is in smaller print, and most of its container."""
        below = self._layout.below(piece, reach=_FOLLOWS_HEIGHTS)[:1]
        return (
            bool(below)
            and abs(below[0].box[0] - piece.box[0]) <= _INSET_HEIGHTS * piece.height
            and _TITLED.match(piece.text) is not None
            and _size(piece) >= _OVER_COLUMNS * max(_size(below[0]), self._usual_around(piece))
        )

    def _is_wide(self, piece: Piece) -> bool:
        """Whether its letters are as large as its box is high."""
        return _size(piece) >= _LARGE_PRINT * self._usual_size

    @cached_property
    def _usual_size(self) -> float:
        return statistics.median(map(_size, self._layout.pieces))

    def _identity_of(self, region: int) -> int | None:
        """The value of the first field in a window, pane or card, if that tells what it is of."""
        if region not in self._identities:
            self._identities[region] = self._find_identity(region)
        return self._identities[region]

    def _find_identity(self, region: int) -> int | None:
        regions, layout = self._layout.regions, self._layout
        inside = [p for p in layout.pieces if region in regions.chain(p.index)]
        for piece in sorted(inside, key=lambda p: (p.middle_y, p.box[0])):
            label = layout.left_of(piece)
            if label is None or any(map(str.isdigit, label.text)):
                continue
            words = label.text.strip(" :#*").casefold().split()
            told = 0 < len(words) <= _LABEL_WORDS_MAX and words[-1] in _IDENTIFYING
            return piece.index if told and len(layout.row_of(piece)) == _FIELD_PIECES else None
        return None

    def _usual_around(self, piece: Piece) -> float:
        """The size of print that is usual in a piece's container, in pixels for a letter."""
        region = self._layout.regions.of_piece[piece.index]
        if region not in self._usual:
            self._usual[region] = statistics.median(map(_size, self._held[region]))
        return self._usual[region]

    def _titles_around(self, piece: Piece) -> frozenset[int]:
        """First rows of the containers around a piece, and what stands over it in large print."""
        found: set[int] = set()
        told = {area.box for area in self._layout.areas}
        theirs = False
        for region in self._layout.regions.chain(piece.index):
            titled = self._layout.regions.boxes[region] in told
            titles = self._titles_in(region, piece, titled=titled)
            identity = self._identity_of(region) if titled else None
            if identity is not None:
                titles.append(self._layout.pieces[identity])
            # The phone in the card of a contact is not that of whose record the card is on.
            found.update(p.index for p in titles if not (theirs and holds_person(p.text)))
            theirs = theirs or (identity is not None and self._is_contact(piece, identity))
            found.update(self._addresses.get(region, ()))
        return frozenset(found)

    @cached_property
    def _addresses(self) -> dict[int, list[int]]:
        """The addresses that end in an identifier, by container: what the whole page is of."""
        regions = self._layout.regions
        found: dict[int, list[int]] = {}
        for piece in self._layout.pieces:
            if names_its_page(piece.text):
                region = regions.of_piece[piece.index]
                over = min((p.box[1] for p in self._held[region]), default=0)
                if piece.box[1] - over <= _BAR_HEIGHTS * piece.height:
                    found.setdefault(region, []).append(piece.index)
        return found

    def _titles_in(self, region: int, piece: Piece, *, titled: bool) -> list[Piece]:
        """A container's first row, if it may have a title, and its large print over a piece."""
        fields = self._layout.regions.fields
        held = [p for p in self._held.get(region, []) if fields[p.index] < 0]
        if not held:
            return []
        first = min(held, key=lambda p: (p.middle_y, p.index))
        # Columns that only a gutter parts have headings, and no title.
        rows = [p for p in held if p.box[1] < first.middle_y] if titled else []
        large = [
            p
            for p in held
            if p.height >= _LARGE_PRINT * self._layout.height
            and p.box[3] <= piece.middle_y
            and (len(self._layout.row_of(p)) < _CELLS_MIN or self._is_wide(p))
            and self._reaches(p, piece)
        ]
        return [
            p
            for p in (*rows, *large)
            if len(p.text.split()) <= _TITLE_WORDS_MAX
            and (_TITLED.match(p.text) or _NAMED.fullmatch(p.text))
        ]

    def _is_contact(self, piece: Piece, identity: int) -> bool:
        """Whether it tells how to reach the person that its card names."""
        label = self._layout.left_of(piece) or piece
        words = set(label.text.casefold().strip(" :").split())
        named = is_person(self._layout.pieces[identity].text)
        return named and bool(words & _REACHED_BY)


def names_its_page(text: str) -> bool:
    """Whether it is the address of a page that ends in an identifier: ".../trips/TRP-48152"."""
    found = _ADDRESS.fullmatch(text.strip())
    return found is not None and any(map(str.isdigit, found["last"]))


def _size(piece: Piece) -> float:
    return print_px(piece.text, piece.box[2] - piece.box[0])
