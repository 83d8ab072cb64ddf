"""How counties head the columns of a ledger of volunteers (志愿者登记表)."""

from jiedui.i18n import N_
from jiedui.ledgers.header import Profile
from jiedui.ledgers.template import NO_IDENTITY, NO_NAME
from jiedui.ledgers.wordings import wordings

TITLE = "结对帮扶志愿者登记表"
PROFILE = Profile(
    wordings=wordings(
        """
    name: 志愿者姓名 爱心妈妈姓名
    sex: 性别
    identity_number:
    kind: 类别 志愿者类别 人员类别 身份类别 志愿者类型 类型 身份
    occupation: 工作单位及职务 工作单位 单位及职务 单位 职业 工作单位和职务 单位职务
        所在单位
    phone:
    township:
    village:
    skills: 特长 技能 专长 个人特长 技能特长 专业特长 服务特长
    offers: 可提供帮扶 可提供服务 帮扶内容 服务内容 可提供的帮扶 服务意向
        帮扶意向 可提供帮扶内容 意向服务
    capacity: 可结对户数 结对户数 可帮扶户数 帮扶户数 意向结对户数 最多结对户数
        可结对家庭数
    reach_km: 可接受距离(公里) 可接受距离 接受距离 服务距离 服务半径
        可接受距离公里数 最远距离 距离(公里)
    times: 可服务时间 服务时间 空闲时间 方便时间 服务时段 可服务时段
    record_checked_on: 无违法犯罪记录查询日期 无犯罪记录查询日期 违法犯罪记录查询日期
        无犯罪证明日期 查询日期 从业查询日期 入职查询日期
        无违法犯罪记录证明日期
    trained: 是否参加岗前培训 岗前培训 是否培训 是否参加培训 培训情况
        是否岗前培训
    remark:
    """
    ),
    required=("name", "identity_number", "kind", "village", "capacity"),
    mistaken=N_("This looks like a ledger of volunteers: it has no column {columns}."),
)
EXAMPLE = {
    "name": NO_NAME,
    "sex": "女",
    "identity_number": NO_IDENTITY,
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
}
