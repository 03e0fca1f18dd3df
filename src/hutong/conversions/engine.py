"""The columns that no mapping fills, because hutong knows them itself."""

from __future__ import annotations

from collections.abc import Mapping

from hutong.model.declared import Words

BY_HUTONG: Mapping[str, Words] = {
    "city": Words(en="the city that the stream was asked for", zh="采集时所指定的城市"),
    "source_platform": Words(en="the platform's id", zh="平台标识"),
    "source_stream": Words(en="the stream's id", zh="数据流标识"),
    "received_at": Words(en="when its page was fetched", zh="所在页的抓取时间"),
    "batch": Words(en="number of the batch", zh="批次编号"),
    "record": Words(en="place of the record in the batch, from 0", zh="记录在批次内的序号，从 0 起"),
    "run": Words(en="run of the sequence, empty for the live one", zh="批次序列的运行，日常同步为空"),
    "date": Words(en="civil date of observed_at in Asia/Shanghai", zh="observed_at 对应的北京时间日期"),
    "last_seen_at": Words(
        en="when a complete refresh last showed it; empty while it is listed",
        zh="全量刷新最后一次列出它的时间；在册时为空",
    ),
}
"""Column -> how hutong fills it."""
