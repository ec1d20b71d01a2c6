"""Invented names and codes of the sample region. No real organisation, place or person is meant."""

from __future__ import annotations

from dataclasses import dataclass

REGION_CODE = 99
REGION_NAME = "Синтетическая область"
CAPITAL = "Лугореченск"

_BEFORE = (
    "Бело",
    "Верхне",
    "Ново",
    "Красно",
    "Озёрно",
    "Лесно",
    "Камено",
    "Медвеже",
    "Тихо",
    "Светло",
    "Старо",
    "Дальне",
)
_DISTRICT = ("реченский", "полянский", "горский", "озёрский", "борский", "дольский", "мостский", "ключевский")
_VILLAGE = ("полье", "речье", "борье", "озерье", "горье", "ключи", "броды", "луки", "мостье", "лесье")
_SORTS = ("", "Большое ", "Малое ", "Нижнее ", "Дальнее ", "Новое ", "Старое ", "Лесное ", "Степное ")
_TOWN = ("реченск", "полянск", "горск", "озёрск", "борск", "дольск", "мостск", "ключевск")

_FIRST = ("Образце", "Пример", "Проб", "Условно", "Тесто", "Макето", "Эталоно", "Шаблоно", "Вымыш", "Модель")
_LAST = (
    "примеров",
    "участников",
    "строкин",
    "табличев",
    "ячейкин",
    "анкетов",
    "протоколов",
    "выборкин",
    "бланков",
    "списков",
)
_UNITS = ("Первый", "Второй", "Третий", "Четвёртый", "Пятый", "Шестой", "Седьмой", "Восьмой", "Девятый")
_TENS = (
    "",
    "Двадцать",
    "Тридцать",
    "Сорок",
    "Пятьдесят",
    "Шестьдесят",
    "Семьдесят",
    "Восемьдесят",
    "Девяносто",
    "Сто",
)
_PATRONYMIC = (
    "Условнович", "Пробнович", "Примерович", "Тестович", "Выборкович", "Макетович", "Эталонович",
    "Шаблонович",
    "Бланкович", "Таблицевич", "Списковович", "Анкетович", "Вариантович", "Протоколович", "Баллович",
    "Моделевич",
)  # fmt: skip


def district_name(number: int) -> str:
    """The name of the district with this number, from 0; names don't repeat below 288."""
    form = ("муниципальный район", "муниципальный округ", "район")[number // 96 % 3]
    first = _BEFORE[number % 12]
    return f"{first}{_DISTRICT[(number * 5 + number // 12) % 8]} {form}"


def town_name(number: int) -> str:
    """The chief town of a district."""
    return f"{_BEFORE[number % 12]}{_TOWN[(number * 5 + number // 12) % 8]}"


def village_name(number: int) -> str:
    """A village's or settlement's name; the first 1,080 differ."""
    which, number = divmod(number, 120)
    first = _BEFORE[(number * 7) % 12]
    return f"{_SORTS[which % 9]}{first}{_VILLAGE[number // 12]}"


def inn(serial: int) -> str:
    """A ten-digit ИНН with a right check digit and a leading zero."""
    digits = f"0990{serial:05d}"
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return digits + str(sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 % 10)


def ogrn(serial: int) -> str:
    """A thirteen-digit ОГРН with a right check digit."""
    digits = f"102990{serial:06d}"
    return digits + str(int(digits) % 11 % 10)


@dataclass(frozen=True)
class Person:
    """A placeholder for a participant's name and document in the protocols of state exams."""

    surname: str
    name: str
    patronymic: str
    series: str
    number: str


def person(serial: int) -> Person:
    """The placeholder with this serial number; two serials never share name and document."""
    unit, serial_ = serial % 90, serial // 90
    tens, ones = divmod(unit, 9)
    name = _UNITS[ones] if not tens else f"{_TENS[tens]}-{_UNITS[ones].lower()}"
    stem, serial_ = serial_ % 100, serial_ // 100
    surname = _FIRST[stem % 10] + _LAST[stem // 10]
    pair, serial_ = serial_ % 160, serial_ // 160
    patronymic = _FIRST[pair % 10] + _PATRONYMIC[pair // 10].lower() + (f"-{serial_ + 1}" if serial_ else "")
    number = 100003 + (serial * 61_357) % 799_993
    return Person(
        surname, name, patronymic, f"{9900 + (serial // 799_993 + serial) % 97:04d}", f"{number:06d}"
    )
