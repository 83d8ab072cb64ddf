"""The wordings counties use for the columns of a ledger; the first of each is the usual one."""


def wordings(text: str) -> dict[str, tuple[str, ...]]:
    """A field and a colon, then its wordings, over as many lines as they take.

    What every ledger of people asks is worded alike everywhere, so a concept writes only what is its own.
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in text.split():
        if word.endswith(":"):
            field = word[:-1]
            found[field] = _USUAL.get(field, ())
        else:
            found[field] += (word,)
    return found


_USUAL: dict[str, tuple[str, ...]] = {}
_USUAL |= wordings(
    """
    township: 乡镇(街道) 乡镇街道 乡镇 镇街 镇(街道) 镇乡 乡(镇) 街道 所在乡镇
        所属乡镇 所属镇街 所在镇街 所在乡镇(街道) 所属乡镇(街道) 乡镇名称
        居住乡镇(街道) 居住乡镇 现居住乡镇
    village: 村(社区) 村社区 村 村居 社区 行政村 所在村 所属村 村名 村(居)
        村(居)委会 村委会 所在村(社区) 所属村(社区) 所在行政村 村(社区)名称
        居住村(社区) 居住村 现居住村(社区)
    name: 姓名 本人姓名
    identity_number: 身份证号 身份证号码 身份证 公民身份号码 公民身份证号码 居民身份证号
        居民身份证号码 证件号码 证件号 本人身份证号 妇女身份证号
    phone: 联系电话 联系方式 电话 电话号码 手机 手机号 手机号码 联系手机
        本人联系电话 移动电话
    remark: 备注 备注说明 其他 其他说明 说明
    """
)
