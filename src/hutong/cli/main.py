"""The group of commands. A command's module is imported only when it runs, so that `hutong --help` is quick."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from hutong.cli.words import say
from hutong.errors import AskedWrongly, HutongError, nearest
from hutong.log import to_stderr

GROUPS: dict[str, dict[str, str]] = {
    say("Declare", "登记"): {
        "check": say("Check connectors, contracts and mappings (reads files).", "检查连接器、契约与映射（读取文件）。"),
        "contract": say("Compare two versions of a contract (reads files).", "比较契约的两个版本（读取文件）。"),
    },
    say("Run", "运行"): {
        "sync": say(
            "Pull, land and publish a platform (reads a live platform).", "拉取、落地并发布一个平台（读取在线平台）。"
        ),
        "backfill": say(
            "Pull a stretch of the past beside the running syncs (reads a live platform).",
            "补采一段历史数据，可与日常同步并行（读取在线平台）。",
        ),
        "connector": say(
            "Pause and resume a platform, see how its budget stands (writes to the lake).",
            "暂停或恢复某个平台，查看其配额使用情况（写入数据湖）。",
        ),
        "connections": say(
            "Make the Connections and pools that an Airflow needs (reads secrets, changes Airflow).",
            "建立 Airflow 所需的 Connection 与资源池（读取密钥，改动 Airflow）。",
        ),
        "demo": say(
            "Run four simulated platforms through Airflow and ask who knew first (uses this machine).",
            "用 Airflow 跑通四个模拟平台，并回答“谁先知道”（使用本机）。",
        ),
        "up": say(
            "Run Airflow on this machine in the background, on schedule, with a simulated city (uses this machine).",
            "在本机后台按计划运行 Airflow 与模拟城市（使用本机）。",
        ),
        "down": say("Stop what `hutong up` started (uses this machine).", "停止 `hutong up` 启动的进程（使用本机）。"),
    },
    say("Mend", "修复"): {
        "quarantine": say(
            "Refused records as a work queue: look, repair, replay, drop (reads the lake; the last three change it).",
            "问题数据工作队列：查看、修复、重跑、剔除（读取数据湖；后三项会改动）。",
        ),
        "gates": say(
            "Batches that a gate refused: accept or reject them (writes to the lake).",
            "被质量门拒绝的批次：接受或驳回（写入数据湖）。",
        ),
        "codes": say(
            "Codes without a match: look, and say what they mean (reads the lake; accept changes a crosswalk).",
            "没有对照的代码：查看并说明其含义（读取数据湖；accept 会改动对照表）。",
        ),
        "rebuild": say(
            "Make a dataset anew from landing (reads landing, writes the dataset).",
            "由落地数据重建数据集（读取落地数据，写入数据集）。",
        ),
        "replay": say(
            "Run a changed mapping over what has landed (shows the difference, writes a correction).",
            "用改动后的映射重跑落地数据（先显示差异，再写入更正）。",
        ),
    },
    say("Look", "查看"): {
        "query": say("Ask the base datasets in SQL (reads the lake).", "用 SQL 查询基础共性数据（读取数据湖）。"),
        "datasets": say(
            "List the datasets, or the columns of one (reads files and the lake).",
            "列出数据集或某个数据集的字段（读取文件与数据湖）。",
        ),
        "docs": say(
            "Write the data dictionary as pages, in both languages (reads files).",
            "生成中英文数据字典网页（读取文件）。",
        ),
        "trace": say(
            "From a published row back to the bytes it was made from (reads the lake).",
            "由已发布的一行回溯到原始字节（读取数据湖）。",
        ),
        "ledger": say("What became of every record (reads the lake).", "台账：每条记录的去向（读取数据湖）。"),
        "freshness": say(
            "Which datasets are later than their contracts promise (reads the lake).",
            "哪些数据集晚于契约承诺（读取数据湖）。",
        ),
        "metrics": say(
            "The lake in figures, for Prometheus: once, into a file, or at a port (reads the lake).",
            "面向 Prometheus 的数据湖指标：打印一次、写入文件或在端口上提供（读取数据湖）。",
        ),
    },
    say("Version", "版本"): {
        "release": say(
            "Pin one consistent version of all tables under a name (writes to the lake).",
            "以一个名称固定所有表的一致版本（写入数据湖）。",
        ),
        "diff": say(
            "Rows added, changed and removed between two versions (reads the lake).",
            "两个版本之间新增、变更与删除的行（读取数据湖）。",
        ),
    },
    say("Prove", "核验"): {
        "verify": say(
            "Recount everything and hold it against the ledger (reads the lake).",
            "重新清点并与台账核对（读取数据湖）。",
        ),
    },
    say("Keep up", "维护"): {
        "maintain": say(
            "Remove what nothing promises any longer, merge small files (changes the lake).",
            "清理不再需要保留的内容，合并小文件（改动数据湖）。",
        ),
    },
}


class _Hutong(click.Group):
    """A group that knows its commands by name and loads one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for commands in GROUPS.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"hutong.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx):
            ctx.fail(f"there is no command '{args[0]}'; {nearest(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.command(
    cls=_Hutong,
    help=say(
        "hutong joins a city's platforms into common base datasets. Settings come from the environment:"
        " HUTONG_ROOT (declared files), HUTONG_LAKE (the lake), HUTONG_SECRETS (secret files), HUTONG_LANG (en or zh).",
        "互通：把一座城市的各平台汇成基础共性数据。设置取自环境变量：HUTONG_ROOT（登记文件）、HUTONG_LAKE（数据湖）、"
        "HUTONG_SECRETS（密钥文件夹）、HUTONG_LANG（zh 或 en）。",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="hutong")
@click.option("-v", "--verbose", count=True, help=say("Say more on standard error.", "在标准错误输出更多信息。"))
def cli(verbose: int) -> None:
    """Set up logging before any command runs."""
    to_stderr(max(30 - 10 * verbose, 10))


def main() -> None:
    """Run the command line; a hutong error becomes one clear line and an exit code."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo(say("stopped", "已中止"), err=True)
        sys.exit(130)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except HutongError as wrong:
        click.echo(str(wrong), err=True)
        sys.exit(2 if isinstance(wrong, AskedWrongly) else 1)
    except BrokenPipeError:
        # The reader of a pipe (such as `head`) had enough.
        sys.stderr.close()
        sys.exit(0)
