"""The texts: neutral to households, short enough for one message, complete in both languages."""

import pytest

from jiedui_notifications import texts

FORBIDDEN = (
    "爱心妈妈", "帮扶", "结对", "妇联", "妇女", "留守", "困难", "贫困", "低保", "残疾", "患病", "离异",
    "家暴", "救助", "心理", "辅导", "陪伴", "就医", "维权", "物质", "助学", "丈夫", "孩子", "儿童", "老人",
    "left-behind", "caring mother", "federation", "jiedui", "pairing", "poor", "poverty", "needy", "violence",
    "counsel", "tutor", "legal", "husband", "child", "elder",
)  # fmt: skip
NOT_IN_A_TEXT = ("志愿", "volunteer")
"""A text may be read by anyone who holds the telephone; a call, a visit and a letter reach her alone."""
LINK = "https://jd.example.cn/h/0123456789abcdefghijkl"
EACH = [
    (language, template) for language in texts.LANGUAGES for template in texts.catalogue(language).values()
]
HOUSEHOLD = [(language, template) for language, template in EACH if template.name.startswith("household.")]


@pytest.mark.parametrize(("language", "template"), HOUSEHOLD)
def test_nothing_a_household_gets_names_programme_need_or_hardship(
    language: str, template: texts.Template
) -> None:
    for channel in template.texts:
        message = template.render(channel, {"link": LINK}).casefold()
        assert [word for word in FORBIDDEN if word in message] == []
        if channel == "sms":
            assert [word for word in NOT_IN_A_TEXT if word in message] == []


@pytest.mark.parametrize(("language", "template"), HOUSEHOLD)
def test_a_household_can_be_told_in_each_way_a_ledger_knows(language: str, template: texts.Template) -> None:
    assert set(template.texts) == {"sms", "call", "village", "letter"}
    assert template.places == {"link"}


@pytest.mark.parametrize(("language", "template"), EACH)
def test_a_chinese_text_fits_one_message_and_starts_with_its_sender(
    language: str, template: texts.Template
) -> None:
    filled = template.render("sms", {"link": LINK, "code": "246810", "site": "https://jd.example.cn"})
    assert filled.startswith(f"【{template.sender}】")
    assert len(filled) <= (70 if language == "zh_CN" else 160)


def test_both_languages_have_the_same_templates_with_the_same_places() -> None:
    chinese, english = (texts.catalogue(language) for language in texts.LANGUAGES)
    assert list(chinese) == list(english)
    for name, template in chinese.items():
        other = english[name]
        assert (template.places, set(template.texts), template.secret) == (
            other.places,
            set(other.texts),
            other.secret,
        )


def test_volunteers_texts_hold_nothing_about_a_household() -> None:
    for _, template in EACH:
        if template.name.startswith("volunteer."):
            assert template.places <= {"code"}


def test_only_codes_are_secret() -> None:
    assert [t.name for t in texts.catalogue("zh_CN").values() if t.secret] == ["volunteer.code"]
