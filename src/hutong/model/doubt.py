"""Why a pull could not be proven complete, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from hutong.model.batch import Doubt
from hutong.model.declared import Words

DOUBTS: Mapping[Doubt, Words] = {
    "no_total": Words(zh="平台未给出总数", en="the platform states no total"),
    "no_content": Words(zh="平台回答为空（204）", en="the platform answered with no content (204)"),
    "unframed": Words(zh="回答没有长度，无法判断是否被截断", en="an answer had no length, so a cut would not show"),
    "page_full": Words(zh="最后一页正好是满的，之后未再询问", en="the last page was exactly full and nothing leads on"),
    "repeated_records": Words(
        zh="相邻两页有相同记录，期间可能有插入或删除",
        en="two pages share records: some were inserted or deleted meanwhile",
    ),
    "total_differs": Words(zh="收到的条数与平台声明的总数不符", en="what came is not as many as the platform states"),
    "total_moved": Words(zh="拉取过程中平台声明的总数发生变化", en="the stated total changed during the pull"),
    "repeated_page": Words(zh="同一页来了两次", en="a page came twice"),
    "repeated_link": Words(zh="下一页的链接成环", en="the links to the next page run in a circle"),
    "empty_pages": Words(zh="空页不断而平台称还有更多", en="empty pages kept coming while more was promised"),
    "gap": Words(zh="平台给出的不是所要的页", en="the platform gave another page than was asked for"),
    "window_full": Words(zh="最短的时间窗仍达到行数上限", en="the shortest window still held as many rows as the cap"),
}
