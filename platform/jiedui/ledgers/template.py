"""Empty ledgers to hand out: the usual headers, and one example row that says it is none."""

import io

import xlsxwriter

from jiedui.ledgers.export import to_csv
from jiedui.ledgers.regions import HEADERS
from jiedui.ledgers.service import PROFILES

_TITLES = {"households": "农村留守妇女信息台账", "volunteers": "结对帮扶志愿者登记表"}
# The identity number fails its check digit, so that the example can never be imported by mistake.
_EXAMPLE = {
    "households": {
        "township": "示例镇",
        "village": "示例村",
        "name": "示例(导入前请删除本行)",
        "identity_number": "000000190001010000",
        "ethnicity": "汉族",
        "schooling": "初中",
        "phone": "19900000000",
        "health": "健康",
        "husband_name": "示例",
        "husband_place": "浙江宁波",
        "away_since": "2024-06-03",
        "size": "4",
        "children": "示例 2018.03、示例 2016.04",
        "elders": "1",
        "category": "一般户",
        "colour": "黄",
        "needs": "亲情陪伴、学业辅导",
        "contact_way": "可短信",
        "remark": "",
    },
    "volunteers": {
        "name": "示例(导入前请删除本行)",
        "sex": "女",
        "identity_number": "000000190001010000",
        "kind": "爱心妈妈",
        "occupation": "示例小学教师",
        "phone": "19900000000",
        "township": "示例镇",
        "village": "示例村",
        "skills": "小学辅导、英语",
        "offers": "亲情陪伴、学业辅导",
        "capacity": "3",
        "reach_km": "15",
        "times": "周末",
        "record_checked_on": "2026-06-01",
        "trained": "是",
        "remark": "",
    },
}


def template_list() -> bytes:
    """The region list: the headers, and an example whose code is no region's, so that it is never taken."""
    header = [next(word for word in words if not word.isascii()) for words in HEADERS.values()]
    return to_csv(header, [("000000000000", "示例村村民委员会", "村", "29.9", "107.7", "示例")])


def template_workbook(kind: str) -> bytes:
    """The workbook: a title, the headers, the example in grey italics; every cell is text."""
    headers = {field: words[0] for field, words in PROFILES[kind].wordings.items()}
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("台账")
        title = book.add_format({"bold": True, "font_size": 14, "align": "center"})
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"})
        text = book.add_format({"num_format": "@"})
        example = book.add_format({"num_format": "@", "italic": True, "font_color": "#808080"})
        page.merge_range(0, 0, 0, len(headers) - 1, _TITLES[kind], title)
        for column, (field, header) in enumerate(headers.items()):
            # As text, or a spreadsheet turns 18 digits into a number and loses the last three.
            page.set_column(column, column, 22 if field == "identity_number" else 14, text)
            page.write_string(1, column, header, head)
            page.write_string(2, column, _EXAMPLE[kind][field], example)
        page.freeze_panes(2, 0)
    return out.getvalue()
