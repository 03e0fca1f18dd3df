"""Number plates, identity numbers and telephone numbers that look real and belong to nobody."""

from dataclasses import dataclass
from random import Random

# Plates have no I and no O: they would be read as 1 and 0.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"

IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as police records carry it: text, kind (hpzl, GA 24.7) and colour (hpys, police code table)."""

    text: str
    kind: str
    colour: str


def plate(random: Random, prefix: str = "渝", *, is_heavy: bool = False) -> Plate:
    """A plate of the city; about a third are new-energy plates, which have eight characters.

    prefix: the province's character, and the office's letter where the city has one of its own.
    Source: GA 36 as public plate rules tell it: D or F leads a small new-energy serial and ends a large one.
    """
    office = prefix if len(prefix) > 1 else prefix + random.choice("ABCDFGH")
    if random.random() < 0.35:
        digits = "".join(random.choices(DIGITS, k=5))
        mark = random.choice("DF")
        return Plate(office + digits + mark, "51", "4") if is_heavy else Plate(office + mark + digits, "52", "4")
    serial = [*random.choices(LETTERS, k=random.randint(0, 2)), *random.choices(DIGITS, k=5)][:5]
    random.shuffle(serial)
    return Plate(office + "".join(serial), "01" if is_heavy else "02", "1" if is_heavy else "2")


def identity_number(random: Random, district_code: str) -> str:
    """18 characters with a valid check character (GB 11643, ISO 7064 MOD 11-2), of an invented adult."""
    born = f"{random.randint(1958, 2004)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
    body = f"{district_code}{born}{random.randint(1, 999):03d}"
    return body + identity_check(body)


def identity_check(body: str) -> str:
    """The check character of the first 17 digits of an identity number.

    >>> identity_check("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(body, IDENTITY_WEIGHTS, strict=True))
    return IDENTITY_CHECKS[total % 11]


def mobile_number(random: Random) -> str:
    """An 11-digit mobile number."""
    return random.choice(("133", "135", "138", "150", "158", "177", "186", "189")) + "".join(
        random.choices(DIGITS, k=8)
    )
