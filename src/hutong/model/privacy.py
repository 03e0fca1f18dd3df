"""Personal identities in free text, and how they are blotted out: plates, mobile phones and identity numbers.

Sources: forms of plates after GA 36, of identity numbers after GB 11643.
"""

from __future__ import annotations

import re

BLOT = "***"
HIDDEN = "(personal)"
"""Stands where a value must not be shown at all."""


def mask(text: str) -> str:
    """`text` with every plate, mobile phone and identity number replaced by `***`; the rest stays as it is.

    Fullwidth letters and digits are read like plain ones. When it is in doubt how far a number reaches, more is blotted
    rather than less. A plate without its province character cannot be told from other codes and stays.

    >>> mask("渝A·12345 追尾 渝AD12345，电话 13800138000")
    '*** 追尾 ***，电话 ***'
    """
    plain = text.translate(_PLAIN)
    parts, end = [], 0
    for found in _PERSONAL.finditer(plain):
        parts += [text[end : found.start()], BLOT]
        end = found.end()
    return "".join([*parts, text[end:]])


# One character for one, so that a place in the plain text is the same place in the text.
_PLAIN = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_GAP = r"[\s·.・•‧∙⋅_\-—]{0,3}"
_CIVIL = (
    rf"{_PROVINCE}{_GAP}[A-Z]{_GAP}"
    r"(?:[A-Z0-9]{4}[\s·.\-]?(?:[学警挂港澳试超使领]|应急)"  # one serial character fewer before a kind of use
    r"|[A-Z0-9]{5,}"  # five, six for new energy; what hangs on it goes too
    rf"|[A-Z0-9](?:{_GAP}[A-Z0-9]){{4,5}})"  # spelled out with gaps
)
_POLICE_FORCE = rf"WJ{_GAP}{_PROVINCE}?{_GAP}[A-Z0-9](?:{_GAP}[A-Z0-9]){{4,5}}"
_EMBASSY = r"使\s?\d{6}(?!\d)|(?<!\d)\d{6}\s?使(?!用)"
_MOBILE = r"(?<!\d)(?:(?:\+|00)?86[\s\-]?)?1[3-9]\d(?:[\s\-]?\d{4}){2}(?!\d)"
_BORN = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = (
    rf"(?<!\d)\d{{6}}[\s\-]?(?:(?:18|19|20)\d\d{_BORN}[\s\-]?\d{{3}}[\dX](?!\d)|\d\d{_BORN}[\s\-]?\d{{3}}(?!\d))"
)
_PERSONAL = re.compile(f"{_CIVIL}|{_POLICE_FORCE}|{_EMBASSY}|{_IDENTITY}|{_MOBILE}", re.IGNORECASE | re.ASCII)
