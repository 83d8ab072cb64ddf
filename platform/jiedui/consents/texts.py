"""What people agree to, as versioned data: a text once agreed to is never edited, a new version is added."""

from dataclasses import dataclass

from jiedui.errors import NotFound


@dataclass(frozen=True)
class ConsentText:
    """One version of one text. The Chinese is what binds; the English is a translation of it."""

    purpose: str
    version: str
    title: dict[str, str]
    paragraphs: dict[str, tuple[str, ...]]


TEXTS: tuple[ConsentText, ...] = (
    ConsentText(
        purpose="volunteer.service",
        version="2026-11",
        title={"zh_CN": "志愿者知情同意书", "en": "Volunteer's consent"},
        paragraphs={
            "zh_CN": (
                "我自愿参加结对帮扶，随时可以暂停或退出，不会因此受到任何影响。",
                "为了就近结对，我同意妇联记录我的姓名、手机号、所在村（社区）、能提供的帮助、特长和时间。"
                "只有我所在地区的妇联工作人员能看到；双方都同意结对之后，对方家庭才知道我的姓氏和怎么联系我。",
                "我会保护对方家庭的隐私：不打听与帮扶无关的事，不拍照，不转发，不告诉别人这家的情况。",
                "我不向对方家庭收钱、借钱，不推销；发现孩子或妇女受到伤害，我会马上告诉妇联或报警。",
                "我可以随时查看、更正我的信息，也可以收回同意；收回后不再用于结对，法律要求保留的记录除外。",
            ),
            "en": (
                "I take part of my own free will. I may pause or stop at any time, without any disadvantage.",
                "So that I can be paired close to home, I agree that the women's federation records my name, "
                "telephone, village, what I can offer, my skills and my time. Only its staff for my area "
                "see this; "
                "a family learns my surname and how to reach me after both sides have said yes.",
                "I keep the family's life private: I do not ask about what is not my task, take no pictures, "
                "pass nothing on and tell nobody about the family.",
                "I take and borrow no money from the family and sell it nothing. If a child or a woman is "
                "being "
                "harmed, I tell the women's federation or the police at once.",
                "I may see and correct my data at any time and take this consent back; my data are then no "
                "longer "
                "used for pairing, except for records the law requires to be kept.",
            ),
        },
    ),
    ConsentText(
        purpose="volunteer.record_check",
        version="2026-11",
        title={"zh_CN": "违法犯罪记录查询同意书（单独同意）", "en": "Separate consent to the record check"},
        paragraphs={
            "zh_CN": (
                "法律规定，经常接触未成年人的人，每年都要查询有没有侵害未成年人的违法犯罪记录（未成年人保护法第六十二条）。",
                "我同意妇联每年为我查询一次。系统里只记查询日期和是否通过，不记查询内容。",
                "不同意也可以报名，只是不会与有未成年人的家庭结对。",
            ),
            "en": (
                "The law asks that people who often meet minors are checked every year for offences "
                "against minors "
                "(Law on the Protection of Minors, article 62).",
                "I agree that the women's federation makes this check for me once a year. Only its date "
                "and whether "
                "it was passed are recorded, never what it says.",
                "I may sign up without agreeing; I will then not be paired with a family with minors.",
            ),
        },
    ),
    ConsentText(
        purpose="pairing.volunteer",
        version="2026-11",
        title={"zh_CN": "愿意和这户家庭结对", "en": "Yes to this family"},
        paragraphs={
            "zh_CN": (
                "我愿意陪伴这户家庭。对方也同意之后，我才知道怎么称呼、怎么联系。",
                "做不下去的时候，我会早一点告诉妇联，由妇联安排交接。",
            ),
            "en": (
                "I am willing to be there for this family. Only once it has agreed too will I learn how to "
                "address "
                "and reach it.",
                "If I cannot go on, I tell the women's federation early, so that it can hand over.",
            ),
        },
    ),
    ConsentText(
        purpose="pairing.household",
        version="2026-11",
        title={"zh_CN": "同意由这位志愿者帮助我家", "en": "Yes to this helper"},
        paragraphs={
            "zh_CN": (
                "我同意由这位志愿者帮助我家。她会知道我的姓和所在的村；只有我在台账里留了可以联系的电话，她才看得到电话。",
                "家里有未成年的孩子时，我作为监护人替孩子同意，并且会问孩子愿不愿意。",
                "我随时可以换一位，也可以不要了，告诉村委会就行。",
            ),
            "en": (
                "I agree that this volunteer helps my family. She learns my surname and my village, and my "
                "telephone "
                "number only if the ledger says that I may be reached by it.",
                "If children live here, I agree for them as their guardian, and I ask them too.",
                "I may ask for somebody else, or for nobody, at any time: telling the village committee is "
                "enough.",
            ),
        },
    ),
)


def current(purpose: str) -> ConsentText:
    """The version that is asked for today: the last one of its purpose."""
    return [text for text in TEXTS if text.purpose == purpose][-1]


def text_of(purpose: str, version: str) -> ConsentText:
    """The text somebody agreed to. Raises NotFound for one that never existed."""
    for text in TEXTS:
        if (text.purpose, text.version) == (purpose, version):
            return text
    raise NotFound
