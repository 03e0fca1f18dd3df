"""What is asked of the lake after a sync: the figures of the demo's last screen, and a page with a drawing."""

from hutong.report.answer import Answer, answer
from hutong.report.draw import draw
from hutong.report.page import page
from hutong.report.refresh import refresh
from hutong.report.tables import Section, in_language, screen

__all__ = ["Answer", "Section", "answer", "draw", "in_language", "page", "refresh", "screen"]
