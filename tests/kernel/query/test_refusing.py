"""What must not be taken for an answer: words nowhere on the screen, questions, heads of tables."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query.asking import best as asked
from tests.kernel.query.asking import form, mail, stock, terminal
from tests.kernel.query.drawn import Canvas


def inventory() -> TextPage:
    """A form about a device, far from a note that names a company."""
    c = Canvas()
    c.text(12, 18, "Assets - Registry", px=13)
    c.text(400, 120, "Laptop asset tag LT-004410, serial 7KQ21, IP 172.16.40.12.")
    c.text(400, 200, "Halden Marine AS")
    c.text(400, 220, "IBAN: NO93 8601 1117 947")
    c.text(1300, 900, "Remember to call Brenner about the crates.")
    return c.page()


def sessions() -> TextPage:
    """A log of a server, a table of jobs, a note with a telephone number."""
    c = Canvas()
    c.text(12, 18, "session.log - Log viewer", px=13)
    c.block(
        20,
        70,
        [
            "07:01:10 sshd[91]: user lkovacs signed in from 10.8.3.77",
            "07:02:44 sshd[94]: user apetit signed in from 10.8.3.91",
            "07:09:31 kernel: out of memory: killed worker 3",
            "07:09:40 supervisor: worker 3 started again",
        ],
        px=12,
        mono=True,
    )
    c.block(1200, 400, ["Call plumber: 0171 5550 822", "Buy stamps"])
    return c.page()


def jobs(shown: int = 3) -> TextPage:
    """A table whose head names the asked thing, without a row about the subject."""
    c = Canvas()
    c.text(12, 18, "Services - Overview", px=13)
    rows = [["Time", "Host", "Service", "State"]]
    rows += [
        ["06:10", "nova-1", "mail service", "up"],
        ["06:12", "nova-2", "print service", "up"],
        ["06:15", "nova-3", "scan service", "down"],
    ]
    c.rows([100, 300, 500, 760], 200, 34, rows[: 1 + shown])
    c.text(100, 150, "Backup service", px=20)
    return c.page()


def thread() -> TextPage:
    """Questions in a chat, one with a reply."""
    c = Canvas()
    c.text(12, 18, "#help - Chat", px=13)
    c.text(330, 100, "Can somebody share the VPN password for the Porto office?")
    c.text(330, 180, "Ines: when does the parking garage close?")
    c.text(330, 201, "Rui: the parking garage closes at 21:30.")
    return c.page()


PAGES = (inventory, sessions, jobs, thread)


def best(question: str, *pages: TextPage) -> str | None:
    """The text of the best candidate over all pages."""
    analysed = analyse(question)
    found = [scored for page in pages for scored in rank(PageLayout(page), analysed)]
    return max(found, key=lambda s: s.score).candidate.text if found else None


@pytest.mark.parametrize(
    "question",
    [
        "From which IP did mnovak sign in?",
        "From which IP address did zzqqx sign in?",
        "What is the IP of mnovak?",
        "What is the ip address of zzqqx?",
        "What is the serial of the frobnicator?",
        "When was worker 3 of quorvex started?",
        "Why was worker 3 killed by the gremlin?",
        "Who told grubnik about the crates?",
        "mnovak signed in from which IP?",
    ],
)
def test_a_plain_word_that_is_nowhere_on_the_screen_leaves_nothing_to_say(question: str) -> None:
    assert best(question, *(make() for make in PAGES)) is None


@pytest.mark.parametrize("question", ["What is the iban of brenner?", "What is brenner's iban?"])
def test_a_name_elsewhere_on_the_page_does_not_own_a_label(question: str) -> None:
    assert best(question, inventory()) is None


@pytest.mark.parametrize(
    "question",
    [
        "What is the VPN password for the Porto office?",
        "Where is the VPN password for the Porto office?",
        "Which office needs the VPN password in Porto?",
    ],
)
def test_a_question_on_the_screen_does_not_answer_itself(question: str) -> None:
    assert best(question, thread()) is None


def test_a_name_in_er_is_not_met_by_its_stem() -> None:
    c = Canvas()
    c.text(100, 100, "15:00 Interview with J. Park")
    c.text(100, 300, "16:30 Review with the trackers team")
    assert best("When is the interview with parker?", c.page()) is None
    assert "16:30" in (best("When is the review with the tracker team?", c.page()) or "")


def test_a_question_that_names_what_is_asked_for_in_passing_answers() -> None:
    c = Canvas()
    c.text(100, 100, "Could you look at incident INC-40417 about the broken lift?")
    c.text(100, 300, "There is a spare key in drawer 7, is that fine?")
    assert "INC-40417" in (best("Which incident is about the broken lift?", c.page()) or "")
    assert "drawer 7" in (best("Where is the spare key?", c.page()) or "")
    assert best("Who reported the broken lift?", c.page()) is None


def test_the_reply_to_a_question_on_the_screen_answers() -> None:
    said = best("When does the parking garage close?", thread())
    assert said is not None
    assert "21:30" in said


@pytest.mark.parametrize(
    "question",
    [
        "Which host does the backup service run on?",
        "Which host runs the backup service?",
        "What is the host of the backup service?",
        "What is the state of the backup service?",
        "Where does the backup service run?",
    ],
)
@pytest.mark.parametrize("rows", [2, 3])
def test_neither_the_head_of_a_table_nor_the_row_of_another_kind_answers(
    question: str, rows: int
) -> None:
    said = best(question, jobs(rows))
    assert said is None or said == "Backup service"


def test_a_head_of_words_over_rows_of_words_is_no_data() -> None:
    c = Canvas()
    c.text(100, 160, "The backup service is shown below")
    rows = [["Name", "Host", "Owner"], ["alpha", "nova", "Kim"], ["beta", "orion", "Lee"]]
    c.rows([100, 300, 500], 200, 34, rows)
    assert best("Which host does the backup service run on?", c.page()) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("From which IP did lkovacs sign in?", "10.8.3.77"),
        ("From which IP address did apetit sign in?", "10.8.3.91"),
        ("Why was worker 3 killed?", "out of memory"),
        ("What is the phone number of the plumber?", "0171 5550 822"),
        ("What is the IBAN of Halden Marine?", "NO93 8601 1117 947"),
        ("Which host does the scan service run on?", "nova-3"),
    ],
)
def test_the_line_with_the_rare_word_and_a_fitting_value_is_preferred(
    question: str, expected: str
) -> None:
    said = best(question, *(make() for make in PAGES))
    assert said is not None
    assert expected in said


def test_a_command_speaks_for_what_it_put_out_and_for_no_more() -> None:
    assert "6543" in (asked("Which port does ledger use?", terminal()) or "")
    assert asked("What is the port of valkey?", terminal()) is None
    assert asked("What is the port of caddy?", terminal()) is None
    assert "41.2M" in (asked("How much memory does caddy use?", terminal()) or "")
    assert asked("How much memory does valkey use?", terminal()) is None


@pytest.mark.parametrize(
    "question",
    [
        "What is the location of Tom Okoro?",
        "What is the impact of Ines Brandt?",
    ],
)
def test_one_field_of_a_form_is_not_about_another(question: str) -> None:
    assert asked(question, form()) is None


def test_a_label_of_a_form_is_no_value() -> None:
    assert asked("What is the category of REQ-4410?", form()) == "Category: Printing"
    assert "Ines Brandt" in (asked("Who requested the printing?", form()) or "")


def test_a_key_of_several_rows_picks_none_of_them() -> None:
    assert asked("What is the stock of the North region?", stock()) is None
    assert asked("What is the stock of Ines Brandt?", stock()) is None
    assert "48" in (asked("What is the stock of the brass valve?", stock()) or "")


def test_an_account_in_the_title_owns_no_field_of_the_page() -> None:
    c = Canvas()
    c.text(14, 18, "Inbox (4) - lea@orchard.example - Mail", px=13)
    c.text(820, 400, "IBAN: NO93 8601 1117 947")
    assert asked("What is the IBAN of lea?", c.page()) is None


def test_words_of_the_task_bar_are_no_values() -> None:
    for question in ("Where is the terminal?", "What is the mail?", "What are the files?"):
        assert "Firefox" not in (asked(question, mail()) or ""), question


def test_who_asked_in_a_message_of_several_sentences_did_nothing() -> None:
    c = Canvas()
    c.text(330, 100, "Otto Hahn 18:45")
    c.text(330, 121, "Has anybody got a ladder? I have a flat tyre here.")
    page = c.page()
    assert best("Who has got a ladder?", page) is None
    assert best("Who has a flat tyre?", page) is not None


def test_a_date_names_no_other_thing_than_the_one_before_it() -> None:
    c = Canvas()
    c.text(
        100, 100, "Seed order 88213 was delayed by fog. New delivery date is Thursday 26 November."
    )
    asked_for = "What is the new delivery date of seed order 88213?"
    assert "26 November" in (best(asked_for, c.page()) or "")
    c = Canvas()
    c.text(100, 100, "Seed order 88213 was delayed by fog. Order 88214 comes on 26 November.")
    assert best(asked_for, c.page()) is None


def test_the_words_of_the_question_alone_answer_nothing() -> None:
    c = Canvas()
    c.text(100, 100, "In progress")
    c.text(100, 300, "Sail mending")
    assert best("What is in progress?", c.page()) is None


def test_an_arrow_assigns_nothing() -> None:
    c = Canvas()
    c.text(100, 100, 'fatal: [web03]: UNREACHABLE! => {"msg": "No route to the host"}')
    assert "web03" in (best("Which host was unreachable?", c.page()) or "")
