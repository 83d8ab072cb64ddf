"""How counties head the columns of a ledger of households (留守妇女信息台账)."""

from jiedui.i18n import N_
from jiedui.ledgers.header import Profile
from jiedui.ledgers.template import NO_IDENTITY, NO_NAME
from jiedui.ledgers.wordings import wordings

TITLE = "农村留守妇女信息台账"
PROFILE = Profile(
    wordings=wordings(
        """
    township:
    village:
    name: 妇女姓名 留守妇女姓名 户主姓名 对象姓名 帮扶对象 帮扶对象姓名
    identity_number: 留守妇女身份证号 留守妇女身份证号码 户主身份证号
    ethnicity: 民族
    schooling: 文化程度 学历 受教育程度 文化水平
    phone:
    health: 健康状况 身体状况 健康情况 身体健康状况 健康
    husband_name: 丈夫姓名 配偶姓名 爱人姓名 丈夫 配偶
    husband_place: 丈夫务工地 务工地 务工地点 丈夫务工地点 配偶务工地 配偶务工地点
        外出务工地点 外出地点 打工地点
    away_since: 外出时间 丈夫外出时间 配偶外出时间 外出务工时间 务工时间 外出日期
        离家时间
    size: 家庭人口 家庭人口数 家庭人数 人口数 家庭成员数 家庭总人口
    children: 留守儿童(姓名出生年月) 留守儿童 留守儿童情况 儿童姓名及出生年月
        子女情况 子女(姓名出生年月) 子女 孩子情况 未成年子女 未成年子女情况
    elders: 60岁以上老人数 老人数 60岁以上老人 老人人数 留守老人数 赡养老人数
    category: 家庭类别 户类型 农户类型 家庭类型 困难类型 家庭情况类别 户属性
    colour: 风险等级 等级 风险颜色 三色等级 三色管控 管控等级 预警等级 风险级别
        关爱等级 颜色
    needs: 帮扶需求 需求 主要需求 帮扶需求类型 需求类型 关爱需求 服务需求
        主要帮扶需求 需求情况 具体需求
    contact_way: 通知方式 联系方式偏好 告知方式 可联系方式 联络方式 安全联系方式
    remark:
    """
    ),
    required=("village", "name", "identity_number", "needs"),
    mistaken=N_("This looks like a ledger of households: it has no column {columns}."),
)
EXAMPLE = {
    "township": "示例镇",
    "village": "示例村",
    "name": NO_NAME,
    "identity_number": NO_IDENTITY,
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
    "needs": "亲情陪伴、学业辅导",
    "contact_way": "可短信",
    "remark": "",
}
