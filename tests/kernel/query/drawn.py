"""Pages drawn in code: layouts that the fixture pages do not have.

Text is set with an assumed character width; boxes are as tight or as loose as an engine may
make them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts import canonical
from contracts.text import TextLine, TextPage, Word

SANS, MONO = 0.5, 0.6


@dataclass
class Canvas:
    """Collects lines; ``pad`` pixels are added around every box."""

    width: int = 1920
    height: int = 1080
    pad: int = 0
    lines: list[TextLine] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, *, px: int = 14, ratio: float = SANS) -> None:
        """One line of text; ``y`` is its middle."""
        top, bottom = round(y - 0.58 * px) - self.pad, round(y + 0.58 * px) + self.pad
        words: list[Word] = []
        at = 0
        for part in text.split():
            start = text.index(part, at)
            at = start + len(part)
            box = (
                max(0, round(x + start * ratio * px) - self.pad),
                max(0, top),
                round(x + at * ratio * px) + self.pad,
                bottom,
            )
            words.append(Word(text=part, box=box, confidence_permille=980, start=start, end=at))
        line = (words[0].box[0], max(0, top), words[-1].box[2], bottom)
        self.lines.append(
            TextLine(text=text, box=line, confidence_permille=980, words=tuple(words))
        )

    def right(self, x: float, y: float, text: str, *, px: int = 14) -> None:
        """One line that ends at ``x``."""
        self.text(x - len(text) * SANS * px, y, text, px=px)

    def rows(
        self, xs: list[int], y: float, pitch: float, rows: list[list[str]], *, px: int = 14
    ) -> None:
        """A grid of cells, left-aligned at ``xs``; empty cells are left out."""
        for number, row in enumerate(rows):
            for x, cell in zip(xs, row, strict=True):
                if cell:
                    self.text(x, y + number * pitch, cell, px=px)

    def block(
        self, x: float, y: float, lines: list[str], *, px: int = 14, mono: bool = False
    ) -> None:
        """Lines under each other with an ordinary pitch."""
        for number, line in enumerate(lines):
            self.text(x, y + number * 1.45 * px, line, px=px, ratio=MONO if mono else SANS)

    def page(self) -> TextPage:
        """The page; its blob is a digest of its lines."""
        blob = canonical.digest_bytes(repr(self.lines).encode())
        return TextPage(
            blob=blob,
            width_px=self.width,
            height_px=self.height,
            engine="drawn",
            engine_version="1",
            lines=tuple(self.lines),
        )


def chat(pad: int = 0) -> TextPage:
    """Channels on the left, messages with name and time over their text."""
    c = Canvas(pad=pad)
    c.text(12, 18, "#deploys - Acme Chat", px=13)
    for number, name in enumerate(["# general", "# deploys", "# random", "# incidents"]):
        c.text(20, 90 + 30 * number, name)
    messages = [
        ("Priya Nair", "09:14", ["Rolling out api 7.3.1 to staging now."]),
        ("Jonas Weber", "09:21", ["Staging looks good, error rate is at 0.2%."]),
        (
            "Priya Nair",
            "09:40",
            [
                "Production rollout is blocked: the migration 0042_add_index locks the table",
                "for about 90 seconds, so we wait for the 22:00 window.",
            ],
        ),
        ("Carla Romano", "10:42", ["The customer demo moved to Thursday 15:30 in room Galileo."]),
        ("Tom Becker", "11:05", ["New VPN profile is at https://vpn.acme.example/profile/17"]),
        ("Jonas Weber", "11:07", ["Budget for the load test is 1,250 EUR, approved by Mei-Ling."]),
    ]
    y = 100.0
    for name, time, text in messages:
        if name == "Carla Romano":
            c.text(330, y, f"{name}{time}")
        else:
            c.text(330, y, name)
            c.text(330 + len(name) * 7 + 12, y, time, px=12)
        c.block(330, y + 21, text)
        y += 21 + 20 * len(text) + 30
    c.text(340, 1000, "Message #deploys")
    c.text(1800, 1060, "Wed 15 Oct 11:09", px=13)
    return c.page()


def settings(pad: int = 0) -> TextPage:
    """A list of settings: name and hint on the left, the value far right."""
    c = Canvas(pad=pad)
    c.text(12, 18, "Settings - Power & battery", px=13)
    for number, name in enumerate(["System", "Bluetooth", "Network", "Power & battery", "Privacy"]):
        c.text(30, 120 + 44 * number, name, px=15)
    entries = [
        ("Screen timeout", "Turn the screen off when plugged in", "10 minutes"),
        ("Sleep after", "Put the device to sleep when idle", "45 minutes"),
        ("Energy saver", "Lower brightness below a level", "On at 20%"),
        ("Lid close action", "What closing the lid does", "Hibernate"),
        ("Power mode", "Balance speed and noise", "Best efficiency"),
        ("Charging limit", "Stop charging at this level", "80%"),
    ]
    for number, (name, hint, value) in enumerate(entries):
        y = 160 + 76 * number
        c.text(420, y, name, px=15)
        c.text(420, y + 22, hint, px=12)
        c.right(1480, y + 11, value)
    c.text(420, 700, "Device name", px=15)
    c.right(1480, 700, "LAPTOP-7QF2")
    c.text(420, 744, "Battery health", px=15)
    c.right(1480, 744, "93%")
    return c.page()


def dashboard(pad: int = 0) -> TextPage:
    """Cards: small caption over a big number over a change; a table below."""
    c = Canvas(pad=pad)
    c.text(12, 18, "Checkout overview - Grafana", px=13)
    cards = [
        ("Requests per second", "1,842", "+4.1% vs last hour"),
        ("p95 latency", "287 ms", "-12 ms vs last hour"),
        ("Error rate", "0.37%", "+0.02% vs last hour"),
        ("Active users", "12,904", "+310 vs last hour"),
    ]
    for number, (name, value, change) in enumerate(cards):
        x = 60 + 450 * number
        c.text(x, 110, name, px=14)
        c.text(x, 150, value, px=32)
        c.text(x, 186, change, px=12)
    c.text(60, 300, "Services", px=18)
    c.rows(
        [60, 360, 560, 760, 960],
        340,
        34,
        [
            ["Service", "Status", "Replicas", "CPU", "Last deploy"],
            ["cart", "healthy", "4/4", "31%", "2025-10-12"],
            ["payments", "degraded", "5/6", "88%", "2025-10-15"],
            ["search", "healthy", "8/8", "54%", ""],
            ["mailer", "down", "0/2", "", "2025-09-30"],
        ],
    )
    c.text(1300, 300, "Alerts", px=18)
    c.block(1300, 340, ["payments: CPU above 85% for 10 min", "mailer: no replica is ready"])
    return c.page()


def log_view(pad: int = 0) -> TextPage:
    """Small monospaced lines with time, level, component and message."""
    c = Canvas(pad=pad)
    c.text(12, 18, "gateway.log - Log viewer", px=13)
    lines = [
        "08:15:02.114 INFO  [boot] gateway 4.9.0 starting, pid 3127",
        "08:15:02.530 INFO  [config] loaded /etc/gateway/routes.yaml (48 routes)",
        "08:15:03.001 WARN  [tls] certificate for api.acme.example expires in 6 days",
        "08:15:44.870 ERROR [upstream] orders-db timed out after 3000 ms, circuit opened",
        "08:15:45.002 INFO  [upstream] orders-db circuit half-open, next probe in 30 s",
        "08:16:15.443 INFO  [upstream] orders-db circuit closed",
        "08:17:20.918 ERROR [auth] token rejected: issuer https://id.old.example not trusted",
        "08:18:09.077 DEBUG [cache] hit ratio 0.942, evicted 1204 keys",
        "08:19:30.300 INFO  [gc] pause 18 ms, heap 412 MB",
    ]
    c.block(20, 70, lines, px=11, mono=True)
    return c.page()


def docs(pad: int = 0) -> TextPage:
    """A manual: headings, paragraphs over several lines, a parameter table, a code box."""
    c = Canvas(pad=pad)
    c.text(12, 18, "Client configuration - Relay docs", px=13)
    for number, name in enumerate(["Introduction", "Install", "Client configuration", "Limits"]):
        c.text(30, 120 + 34 * number, name)
    c.text(400, 110, "Client configuration", px=28)
    c.block(
        400,
        160,
        [
            "The client reads its settings from relay.toml. If the file is missing, it falls",
            "back to environment variables with the prefix RELAY_. Settings are read once at",
            "start, so a restart is needed after a change.",
        ],
        px=16,
    )
    c.text(400, 290, "Parameters", px=22)
    c.rows(
        [400, 640, 780, 920],
        330,
        36,
        [
            ["Name", "Type", "Default", "Description"],
            ["max_retries", "int", "7", "Attempts before giving up"],
            ["timeout_ms", "int", "2500", "Time limit for one request"],
            ["compression", "str", "zstd", "Codec for bodies above 4 KB"],
            ["region", "str", "eu-central", "Where requests are sent"],
        ],
    )
    c.text(400, 560, "Limits", px=22)
    c.block(
        400,
        600,
        [
            "A single request may carry up to 16 MB. Larger uploads must be split; the server",
            "answers with status 413 otherwise. Keys expire after 90 days.",
        ],
        px=16,
    )
    c.block(420, 700, ['relay.connect(host="edge-2", port=7443)', "relay.flush()"], mono=True)
    return c.page()


PAGES = {
    "chat": chat,
    "settings": settings,
    "dashboard": dashboard,
    "log": log_view,
    "docs": docs,
}

QUESTIONS: tuple[tuple[str | None, str, str], ...] = (
    ("chat", "Who said that the production rollout is blocked?", "Priya Nair"),
    ("chat", "When did Tom Becker post the VPN profile?", "11:05"),
    ("chat", "What is the error rate on staging?", "0.2%"),
    ("chat", "Which migration locks the table?", "0042_add_index"),
    ("chat", "How long does the migration lock the table?", "90 seconds"),
    ("chat", "Which room is the customer demo in?", "Galileo"),
    ("chat", "When is the customer demo?", "Thursday 15:30"),
    ("chat", "How much is the budget for the load test?", "1,250 EUR"),
    ("chat", "Who approved the budget for the load test?", "Mei-Ling"),
    ("chat", "Which version of the api is rolled out to staging?", "7.3.1"),
    ("chat", "Who wrote about the customer demo?", "Carla Romano"),
    ("chat", "Where is the new VPN profile?", "https://vpn.acme.example/profile/17"),
    ("settings", "What is the screen timeout?", "10 minutes"),
    ("settings", "What is the charging limit set to?", "80%"),
    ("settings", "What is the lid close action?", "Hibernate"),
    ("settings", "Which power mode is selected?", "Best efficiency"),
    ("settings", "What is the device name?", "LAPTOP-7QF2"),
    ("settings", "How high is the battery health?", "93%"),
    ("settings", "When does the device sleep?", "45 minutes"),
    ("dashboard", "What is the p95 latency?", "287 ms"),
    ("dashboard", "What is the error rate of the checkout?", "0.37%"),
    ("dashboard", "How many active users are there?", "12,904"),
    ("dashboard", "How many requests per second are there?", "1,842"),
    ("dashboard", "What is the status of the payments service?", "degraded"),
    ("dashboard", "How many replicas does mailer have?", "0/2"),
    ("dashboard", "What is the CPU of cart?", "31%"),
    ("dashboard", "When was the last deploy of payments?", "2025-10-15"),
    ("dashboard", "Which service is down?", "mailer"),
    ("log", "Which certificate expires in 6 days?", "api.acme.example"),
    ("log", "After how many ms did orders-db time out?", "3000 ms"),
    ("log", "What is the pid of the gateway?", "3127"),
    ("log", "How many routes were loaded?", "48"),
    ("log", "Why was the token rejected?", "https://id.old.example not trusted"),
    ("log", "What is the hit ratio of the cache?", "0.942"),
    ("log", "When was the orders-db circuit closed?", "08:16:15"),
    ("log", "How long was the gc pause?", "18 ms"),
    ("docs", "What is the default of timeout_ms?", "2500"),
    ("docs", "What is the default compression?", "zstd"),
    ("docs", "Which type is max_retries?", "int"),
    ("docs", "Which file does the client read its settings from?", "relay.toml"),
    ("docs", "What is the prefix of the environment variables?", "RELAY_"),
    ("docs", "How much may a single request carry?", "16 MB"),
    ("docs", "When do keys expire?", "90 days"),
    ("docs", "Which status does the server answer with for larger uploads?", "413"),
    ("docs", "Which port does relay.connect use?", "7443"),
    ("docs", "What is the default region?", "eu-central"),
    (None, "Who said that the office is closed?", ""),
    (None, "What is the p99 latency?", ""),
    (None, "What is the CPU of mailer?", ""),
    (None, "When was the last deploy of search?", ""),
    (None, "What is the default of max_connections?", ""),
    (None, "Which room is the board meeting in?", ""),
    (None, "When did Tom Weber post the VPN profile?", ""),
    (None, "How many replicas does the invoicing service have?", ""),
    (None, "What is the airplane mode set to?", ""),
    (None, "Which certificate expires in 9 days?", ""),
    (None, "Why was the passport rejected?", ""),
    (None, "Which migration drops the table?", ""),
    (None, "What is the status of the refunds service?", ""),
    (None, "What is the default of retry_backoff?", ""),
)
"""Page, question, what the answer holds; no page: nothing answers it."""
