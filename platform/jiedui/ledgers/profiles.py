"""The wordings counties use for the columns of their ledgers; the first of each is the usual one."""

from jiedui.ledgers.header import Profile


def _wordings(text: str) -> dict[str, tuple[str, ...]]:
    """A field and a colon, then its wordings, over as many lines as they take."""
    wordings: dict[str, tuple[str, ...]] = {}
    for word in text.split():
        if word.endswith(":"):
            field = word[:-1]
            wordings[field] = ()
        else:
            wordings[field] += (word,)
    return wordings


HOUSEHOLDS = Profile(
    kind="households",
    wordings=_wordings(
        """
    township: 乡镇(街道) 乡镇街道 乡镇 镇街 镇(街道) 镇乡 乡(镇) 街道 所在乡镇
        所属乡镇 所属镇街 所在镇街 所在乡镇(街道) 所属乡镇(街道) 乡镇名称
        居住乡镇(街道) 居住乡镇 现居住乡镇
    village: 村(社区) 村社区 村 村居 社区 行政村 所在村 所属村 村名 村(居)
        村(居)委会 村委会 所在村(社区) 所属村(社区) 所在行政村 村(社区)名称
        居住村(社区) 居住村 现居住村(社区)
    name: 姓名 妇女姓名 留守妇女姓名 户主姓名 本人姓名 对象姓名 帮扶对象
        帮扶对象姓名
    identity_number: 身份证号 身份证号码 身份证 公民身份号码 公民身份证号码 居民身份证号
        居民身份证号码 证件号码 证件号 本人身份证号 妇女身份证号
        留守妇女身份证号 留守妇女身份证号码 户主身份证号
    ethnicity: 民族
    schooling: 文化程度 学历 受教育程度 文化水平
    phone: 联系电话 联系方式 电话 电话号码 手机 手机号 手机号码 联系手机
        本人联系电话 移动电话
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
    remark: 备注 备注说明 其他 其他说明 说明
    """
    ),
    required=("village", "name", "identity_number", "needs"),
)

VOLUNTEERS = Profile(
    kind="volunteers",
    wordings=_wordings(
        """
    name: 姓名 志愿者姓名 爱心妈妈姓名 本人姓名
    sex: 性别
    identity_number: 身份证号 身份证号码 身份证 公民身份号码 公民身份证号码 居民身份证号
        居民身份证号码 证件号码 证件号 本人身份证号 妇女身份证号
    kind: 类别 志愿者类别 人员类别 身份类别 志愿者类型 类型 身份
    occupation: 工作单位及职务 工作单位 单位及职务 单位 职业 工作单位和职务 单位职务
        所在单位
    phone: 联系电话 联系方式 电话 电话号码 手机 手机号 手机号码 联系手机
        本人联系电话 移动电话
    township: 乡镇(街道) 乡镇街道 乡镇 镇街 镇(街道) 镇乡 乡(镇) 街道 所在乡镇
        所属乡镇 所属镇街 所在镇街 所在乡镇(街道) 所属乡镇(街道) 乡镇名称
        居住乡镇(街道) 居住乡镇 现居住乡镇
    village: 村(社区) 村社区 村 村居 社区 行政村 所在村 所属村 村名 村(居)
        村(居)委会 村委会 所在村(社区) 所属村(社区) 所在行政村 村(社区)名称
        居住村(社区) 居住村 现居住村(社区)
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
    remark: 备注 备注说明 其他 其他说明 说明
    """
    ),
    required=("name", "identity_number", "kind", "village", "capacity"),
)
