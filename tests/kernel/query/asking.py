"""The best candidate of drawn pages for a question, as tests ask for it."""

from __future__ import annotations

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query.drawn import Canvas


def best(question: str, *pages: TextPage) -> str | None:
    """The text of the best candidate over all pages; None where nothing answers."""
    analysed = analyse(question)
    found = [scored for page in pages for scored in rank(PageLayout(page), analysed)]
    return max(found, key=lambda s: s.score).candidate.text if found else None


def terminal() -> TextPage:
    """Three commands and what they put out."""
    c = Canvas()
    c.text(14, 18, "ops@mill-2: ~", px=13)
    c.block(
        14,
        60,
        [
            "ops@mill-2:~$ systemctl status caddy",
            "caddy.service - Caddy web server",
            "Active: active (running) since Tue 2025-03-04 06:12:44 UTC",
            "Memory: 41.2M",
            "ops@mill-2:~$ docker ps",
            "valkey-main Up 3 hours",
            "ops@mill-2:~$ tail -n 2 ledger.log",
            "2025-03-04T09:15:02Z ERROR ledger cannot reach host=10.8.0.4 port=6543",
            "2025-03-04T09:15:07Z FATAL ledger gave up because the disk is full",
            "ops@mill-2:~$ pip list",
            "uvloop 0.19.2",
        ],
        px=13,
        mono=True,
    )
    return c.page()


def form() -> TextPage:
    """A form of two columns with labels set right, close to their values."""
    c = Canvas()
    c.text(20, 18, "REQ-4410 - Service portal", px=13)
    rows = (
        ("Number", "REQ-4410", "State", "Waiting"),
        ("Requested by", "Ines Brandt", "Impact", "3 - Low"),
        ("Category", "Printing", "Urgency", "2 - Medium"),
        ("Approver", "Tom Okoro", "Location", "Leeds, Mill Lane 8"),
    )
    for number, (one, first, two, second) in enumerate(rows):
        y = 120 + 42 * number
        c.right(240, y, one)
        c.text(264, y, first)
        c.right(1100, y, two)
        c.text(1124, y, second)
    return c.page()


def stock() -> TextPage:
    """A table in which two rows share a region and a keeper."""
    c = Canvas()
    c.rows(
        [60, 220, 420, 560, 700],
        120,
        30,
        [
            ["Code", "Article", "Region", "Stock", "Keeper"],
            ["AR-11", "Copper pipe", "North", "120", "Ines Brandt"],
            ["AR-12", "Brass valve", "North", "48", "Tom Okoro"],
            ["AR-13", "Steel flange", "South", "7", "Ines Brandt"],
        ],
    )
    return c.page()


def mail() -> TextPage:
    """A list of messages and an open one."""
    c = Canvas()
    c.text(14, 18, "Inbox (4) - lea@orchard.example - Mail", px=13)
    c.block(
        236, 100, ["Ines Brandt", "Reminder: invoice F-3301 late by 9 days", "Dear Lea, the sum of"]
    )
    c.text(735, 100, "08:14", px=12)
    c.text(820, 100, "Reminder: invoice F-3301 late by 9 days", px=24)
    c.text(
        820, 160, "Dear Lea, the sum of €912.40 has not reached us yet, it was due on 2 March 2025."
    )
    c.text(820, 184, "The crates were collected by Tom Okoro at 17 Wharf Street.")
    c.text(820, 240, "spare-parts.pdf (310 KB)")
    c.rows([25, 91, 170, 261], 1058, 20, [["Files", "Firefox", "Terminal", "Mail"]], px=13)
    return c.page()
