"""How near an occurrence of a term is to a candidate, in levels.

Covers: the levels, and what on a page connects two places (a piece, a block, a row, a heading).
Does not cover: what follows from it (`kernel.query.ranking`). Pure.
"""

from __future__ import annotations

import re

from kernel.query import shapes
from kernel.query.candidates import OUTCOME, STARTS_ANEW, Candidate, Form, Part
from kernel.query.labels import label_over
from kernel.query.layout import TITLE_SHARE, Hit, PageLayout, Piece, distance
from kernel.query.replies import refers_back, taken_over

LEVEL_OWN = 1000
LEVEL_PIECE = 920
LEVEL_SENTENCE = 690
"""Another sentence of the same line: under what it takes to be what the value is of."""
LEVEL_BLOCK = 820
LEVEL_TITLE = 780
LEVEL_ROW = 710
LEVEL_HEADING = 700
LEVEL_NEAR = 650
LEVEL_PAGE = 350
LEVEL_APART = 450
"""Below this nothing connects a term and a candidate but the frame."""
LEVEL_SYNONYM = 840
LEVEL_CLOSE = 560
"""Names and unfamiliar words must be at this level: some five lines away, or over the candidate."""
LOCAL = 720
"""A term at this level or above counts as being where the candidate is."""

_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
_LOG_LINE = re.compile(r"^\W*(?:\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}:\d{2}|[A-Z][a-z]{2} +\d{1,2} \d)")
_IDENTIFIER = re.compile(r"(?=[\w/.-]*\d)(?=[\w/.-]*[^\W\d])[\w/.-]+")
_IDENTITIES = frozenset(
    "number no nr id name title key reference ref order invoice ticket category subject topic"
    " summary type product".split()
)
"""Labels of what a form is about."""
_SUBJECTS = frozenset(
    "patient customer client guest tenant resident employee student pupil member passenger"
    " applicant candidate policyholder insured borrower cardholder subscriber".split()
)
"""Labels of whom a record is of, all that it tells; not of who did something with it."""
_TOPICS = frozenset("category subject topic summary product".split())
_TOPIC_LABELS = (["title"], ["short", "description"])
"""Of these, labels of what the whole form is about, whatever the section."""
_FIELD_LINE = re.compile(r"[\w .()/-]{1,30}:\s")
_NAME_WORDS_MAX = 6
_TABLE_CELLS_MIN = 3
_LARGE_PRINT = 1.5
_ASSIGNS = re.compile(r"\s*[\w.]+\s*=(?!=)")
_ITEMS = (STARTS_ANEW, _ASSIGNS)
_LOG_BLANKS_MIN = 3
_ASIDE_HEIGHTS_MAX = 20
_REFERS_BACK = re.compile(
    r"\W*(?:(?:yes|no|ok|okay|sure|done|thanks|right)\b\W*)?(?:[\w'\u2019]+\s+){0,2}?"
    r"(?<!that )(?:it|its|they|them)\b(?!(?: is|'s| was| has been) [a-z]+ (?:to|that)\b)",
    re.IGNORECASE,
)
_BAR = re.compile(r"(?:^|\s)[|•·](?:\s|$)")
_SPOKEN_REACH = 5.0
_SPOKEN_BLANKS_MIN = 2
_NEAR_HEIGHTS = 12.0
_ROW_HEIGHTS_MAX = 12
_HEADING_WORDS_MAX = 10


def level_of(layout: PageLayout, found: tuple[Hit, ...], candidate: Candidate) -> int:
    """How near the nearest occurrence of a term is to the candidate, times its quality."""
    best = 0
    for hit in found:
        best = max(best, _nearness(layout, hit, candidate) * hit.quality // 1000)
    return best


def place_of(layout: PageLayout, found: tuple[Hit, ...], candidate: Candidate) -> int:
    """As `level_of`, whether the word itself stands there or an inflected form of it."""
    return max((_nearness(layout, hit, candidate) for hit in found), default=0)


def is_said_over(layout: PageLayout, found: tuple[Hit, ...], candidate: Candidate) -> bool:
    """Whether a heading or title over the candidate says the term."""
    part = (candidate.support or candidate.answer)[0]
    over = layout.outline.over(layout.piece_at(part.line, part.start))
    return any(hit.piece in over and not _in_address(layout, hit) for hit in found)


def _nearness(layout: PageLayout, hit: Hit, candidate: Candidate) -> int:
    own = (*candidate.answer, *candidate.support)
    if any(overlaps(hit, part) for part in own):
        return LEVEL_OWN
    home = [layout.piece_at(part.line, part.start) for part in own]
    piece = layout.pieces[hit.piece]
    answered, heading = taken_over(layout, candidate)
    before = () if answered else _spoken_of_before(layout, candidate)
    if any(piece.index == member.index for member in home):
        return _on_its_line(hit, candidate, piece, refers=bool(before or answered))
    if piece.index in (*before, *heading) or any(overlaps(hit, part) for part in answered):
        return LEVEL_BLOCK if piece.index in heading else LEVEL_PIECE
    field = _of_another_field(layout, piece, home[0])
    apart = _of_one_command(layout, piece, home[0]) if field is None else field
    if apart is not None:
        return apart
    if _tells_all(layout, home[0]) or OUTCOME.search(piece.text):
        told = _is_beside(layout, piece, home[0])
        return LEVEL_PIECE if told else _distant_level(layout, hit, home[0])
    if _heads_the_fields(layout, piece, home[0]) or _heads_the_key(layout, piece, candidate):
        return LEVEL_BLOCK
    if any(layout.same_block(piece, member) for member in home) and not are_peers(piece, home[0]):
        return LEVEL_BLOCK
    return max(_distant_level(layout, hit, home[0]), _row_level(layout, piece, home[0], candidate))


def _row_level(layout: PageLayout, piece: Piece, home: Piece, candidate: Candidate) -> int:
    """The level of what stands on the candidate's row; 0 for what does not."""
    if not _on_one_row(layout, piece, home):
        return 0
    if _in_one_table(layout, piece, home):
        return LEVEL_BLOCK
    # Prose is not about what happens to stand left or right of it.
    return 0 if candidate.form is Form.SENTENCE else LEVEL_ROW


def _on_its_line(hit: Hit, candidate: Candidate, piece: Piece, *, refers: bool) -> int:
    """The level of what stands on the candidate's own line, outside of it."""
    earlier = hit.end <= candidate.answer[0].start
    if candidate.form is Form.FIELD and _is_behind_a_bar(hit, candidate, piece):
        return LEVEL_SENTENCE
    if candidate.form is not Form.SENTENCE or (refers and earlier):
        return LEVEL_PIECE
    # What was said before is still spoken of; what comes after speaks of something else.
    spoken = candidate.goes_on and earlier and names_no_other(hit, candidate, piece)
    return LEVEL_BLOCK if spoken else LEVEL_SENTENCE


def _is_behind_a_bar(hit: Hit, candidate: Candidate, piece: Piece) -> bool:
    """Whether bars or dots part a field from a word on its line: "Owner: Ada | Edited by Kim"."""
    own = [part for part in candidate.answer if part.line == hit.line]
    if not own:
        return False
    start, end = own[0].start, own[-1].end
    first, last = (hit.end, start) if hit.end <= start else (end - 1, hit.start)
    between = piece.text[max(0, first - piece.start) : max(0, last - piece.start)]
    return bool(_BAR.search(between))


def names_no_other(hit: Hit, candidate: Candidate, piece: Piece) -> bool:
    """Whether a statement names no other number, identifier or person than one named before."""
    word = piece.text[hit.start - piece.start : hit.end - piece.start]
    if any(map(str.isdigit, word)):
        forms = _forms_of(word)
        said = shapes.without_times(candidate.text)
        return not any(forms & _forms_of(other) for other in said.split())
    return not (
        word[:1].isupper() and shapes.is_person(word) and shapes.holds_person(candidate.text)
    )


def _forms_of(word: str) -> frozenset[str]:
    """What identifiers of one sort share: the letters with what stands between, or the shape."""
    bare = word.strip(".,;:!?()[]\"'")
    if not any(map(str.isdigit, bare)):
        return frozenset()
    return frozenset(
        {re.sub(r"\d+", "0", bare), re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", bare))}
    )


def _spoken_of_before(layout: PageLayout, candidate: Candidate) -> tuple[int, ...]:
    """The piece (by index) to which a statement with a pronoun refers back; none without one.

    That is the statement over it in its column: what was asked or said right before in a chat.
    """
    if candidate.form not in (Form.SENTENCE, Form.CARD):
        return ()
    part = (candidate.support or candidate.answer)[0]
    home = layout.piece_at(part.line, part.start)
    said = home.text if candidate.form is Form.CARD else candidate.text
    over = layout.above(home, reach=_SPOKEN_REACH)
    told = next(
        (
            p
            for p in over
            if p.text.count(" ") >= _SPOKEN_BLANKS_MIN and not shapes.is_byline(p.text)
        ),
        None,
    )
    asked = told is not None and told.text.rstrip().endswith("?")
    if told is None or not (_REFERS_BACK.match(said) or (asked and refers_back(said))):
        # Without a pronoun only the answer to a question speaks of what was said before.
        return ()
    return (told.index,)


def _heads_the_key(layout: PageLayout, piece: Piece, candidate: Candidate) -> bool:
    """Whether it heads the column of what names the row of a cell: what the rows are.

    "Job" over "replay" makes it the replay job, wherever in the table its row is.
    """
    if candidate.form is not Form.CELL:
        return False
    own = layout.piece_at(candidate.answer[0].line, candidate.answer[0].start).box
    beside = [layout.piece_at(part.line, part.start) for part in candidate.support]
    keys = [key.box for key in beside if key.box[1] < own[3] and own[1] < key.box[3]]
    heads = [head for head in beside if head.box[3] <= own[1]]
    return any(piece.box[0] < key[2] and key[0] < piece.box[2] for key in keys) and any(
        other.index == piece.index for head in heads for other in layout.row_of(head)
    )


def _heads_the_fields(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    """Whether it is the name over a card whose lines are fields: "Ada Ltd", "Phone: ..."."""
    block = layout.block(home)
    if block[0].index != piece.index or len(piece.text.split()) > _NAME_WORDS_MAX:
        return False
    fields = [member for member in block[1:] if _FIELD_LINE.match(member.text)]
    told = not _FIELD_LINE.match(piece.text) and not any(map(str.isdigit, piece.text))
    return told and len(fields) == len(block) - 1 and home.index != piece.index


def _of_another_field(layout: PageLayout, piece: Piece, home: Piece) -> int | None:
    """The level of somebody or something that a form names in a field of its own.

    The form is not about them, unless the field says what its section is about; None elsewhere.
    """
    label = label_over(layout, piece)
    filled = label is not None
    if label is None:
        label = layout.left_of(piece)
        if label is None or label.index not in layout.form_labels:
            return None
    named = shapes.is_person(piece.text) or bool(_IDENTIFIER.fullmatch(piece.text.strip()))
    told = label.text.strip(" :#*").casefold().split()
    if told and (told[-1] in _TOPICS or told in _TOPIC_LABELS):
        return LOCAL
    if told and told[-1] in _IDENTITIES | _SUBJECTS and piece.index != home.index:
        apart = layout.outline.section(piece) != layout.outline.section(home)
        return LEVEL_PAGE if filled and apart else LOCAL
    return LEVEL_PAGE if named else None


def _of_one_command(layout: PageLayout, piece: Piece, home: Piece) -> int | None:
    """The level that a terminal gives: a command speaks for what it put out, and for no more.

    None outside of terminals, and where both are put out by one command.
    """
    own, other = layout.prompt_over(home), layout.prompt_over(piece)
    if own is None or other is None:
        return None
    if own.index != other.index:
        return LEVEL_PAGE
    return LEVEL_BLOCK if own.index in (piece.index, home.index) else None


def _is_beside(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    """Whether it is another column of the same entry of a log."""
    if home.index not in layout.timed:
        return False
    row = layout.row_of(home, across=True)
    around = layout.told_around
    return around[piece.index] == around[home.index] and any(p.index == piece.index for p in row)


def _tells_all(layout: PageLayout, home: Piece) -> bool:
    """Whether it is a line of a log, of which the lines around it say nothing."""
    if home.index in layout.timed and home.text.count(" ") >= _LOG_BLANKS_MIN:
        return True
    return bool(_LOG_LINE.match(home.text)) and home.text.count(" ") >= _LOG_BLANKS_MIN


def _in_one_table(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    """Whether a table of the screen state holds both."""
    return any(
        area.role == "table"
        and all(
            area.box[0] <= (p.box[0] + p.box[2]) / 2 <= area.box[2]
            and area.box[1] <= p.middle_y <= area.box[3]
            for p in (piece, home)
        )
        for area in layout.areas
    )


def _on_one_row(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    near = distance(piece.box, home.box) < _ROW_HEIGHTS_MAX * layout.height
    return near and any(other.index == piece.index for other in layout.row_of(home))


def are_peers(piece: Piece, home: Piece) -> bool:
    """Whether both begin like items of one list or log: then one says nothing of the other."""
    if shapes.is_byline(piece.text) and shapes.is_byline(home.text):
        # Notes that begin with who wrote them and when are apart from each other.
        return True
    return any(begins.match(piece.text) and begins.match(home.text) for begins in _ITEMS)


def _distant_level(layout: PageLayout, hit: Hit, home: Piece) -> int:
    piece = layout.pieces[hit.piece]
    if piece.index in layout.outline.over(home) and not _in_address(layout, hit):
        return LEVEL_BLOCK
    if layout.outline.heads_others(piece, home):
        return LEVEL_PAGE
    heights = distance(piece.box, home.box) / layout.height
    level = LEVEL_PAGE + int((LEVEL_NEAR - LEVEL_PAGE) * _NEAR_HEIGHTS / (_NEAR_HEIGHTS + heights))
    titled = piece.box[3] <= TITLE_SHARE * layout.page.height_px and piece.box[1] < home.box[1]
    if titled and not _in_address(layout, hit):
        level = max(level, LEVEL_TITLE)
    short = len(piece.text.split()) <= _HEADING_WORDS_MAX
    over = piece.box[3] <= home.box[1] and _overlap_across(piece, home)
    if short and over and _may_head(layout, piece) and not _is_relieved(layout, piece, home):
        level = max(level, LEVEL_HEADING)
    return level


def _is_relieved(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    """Whether it is small print, or another line like it stands between: then that one heads."""
    if piece.height <= 1.12 * layout.height:
        return True
    around = layout.regions.chain(home.index)
    if layout.regions.of_piece[piece.index] not in around:
        return True
    return any(
        other.height >= 0.93 * piece.height
        and abs(other.box[0] - piece.box[0]) <= piece.height
        and len(other.text.split()) <= _HEADING_WORDS_MAX
        and _may_head(layout, other)
        for other in layout.between(piece.box[3], home.box[1])
        if other.box[1] >= piece.box[3] and other.box[3] <= home.box[1]
    )


def _may_head(layout: PageLayout, piece: Piece) -> bool:
    """Whether it opens its block and is no cell of a table: then it may head what is below."""
    if layout.regions.fields[piece.index] >= 0:
        return False
    if piece.height >= _LARGE_PRINT * layout.height:
        return True
    opens = layout.block(piece)[0].index == piece.index
    return opens and len(layout.row_of(piece)) < _TABLE_CELLS_MIN


def _overlap_across(first: Piece, second: Piece) -> bool:
    """Whether two pieces share x, or nearly: what a heading is over may be set in."""
    reach = _ASIDE_HEIGHTS_MAX * second.height
    return first.box[0] < second.box[2] + reach and second.box[0] < first.box[2] + reach


def _in_address(layout: PageLayout, hit: Hit) -> bool:
    """Whether it is part of a mail address: an account's name says nothing of what it shows."""
    text = layout.page.lines[hit.line].text
    return any(
        found.start() <= hit.start and hit.end <= found.end() for found in _ADDRESS.finditer(text)
    )


def overlaps(hit: Hit, part: Part) -> bool:
    """Whether the occurrence lies in the part, if only in part."""
    return hit.line == part.line and hit.start < part.end and hit.end > part.start
