"""The rules that rows and files can break: what each says to the sender, in Russian and in English.

``error`` rejects the row (or the file), ``warning`` empties the cell or only remarks, ``repair`` is a change
made to the text on the way to its value, counted and never silent, ``superseded`` marks a row that a newer
file replaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "repair", "superseded"]


@dataclass(frozen=True)
class Rule:
    """Wording may use ``{title}`` ``{value}`` ``{ge}`` ``{le}`` ``{hint}``."""

    ru: str
    en: str


RULES: dict[str, Rule] = {
    "required": Rule(
        "«{title}»: пусто, а значение обязательно. Заполните ячейку", "{title}: a value is required"
    ),
    "type_int": Rule(
        "«{title}»: «{value}» не целое число. Напишите число цифрами, без букв", "{title}: not a whole number"
    ),
    "type_number": Rule("«{title}»: «{value}» не число. Напишите число цифрами", "{title}: not a number"),
    "type_date": Rule(
        "«{title}»: «{value}» не дата. Напишите дату в виде ДД.ММ.ГГГГ", "{title}: not a date, use DD.MM.YYYY"
    ),
    "type_bool": Rule("«{title}»: «{value}» не «да» и не «нет»", "{title}: neither yes nor no"),
    "too_low": Rule("«{title}»: {value} меньше допустимого {ge}", "{title}: {value} is below {ge}"),
    "too_high": Rule("«{title}»: {value} больше допустимого {le}", "{title}: {value} is above {le}"),
    "unknown_code": Rule(
        "«{title}»: значения «{value}» нет в списке. {hint}", "{title}: «{value}» is not on the list. {hint}"
    ),
    "pattern": Rule("«{title}»: «{value}» записано не по образцу. {hint}", "{title}: «{value}» is malformed"),
    "check_digit": Rule(
        "«{title}»: в номере {value} не сходится контрольная цифра. Сверьте с документом",
        "{title}: the check digit of {value} is wrong",
    ),
    "error_cell": Rule(
        "«{title}»: в ячейке ошибка {value}. Исправьте формулу или впишите значение",
        "{title}: the cell shows the error {value}",
    ),
    "formula": Rule(
        "«{title}»: в ячейке формула без значения. Откройте файл в Excel, сохраните и пришлите ещё раз",
        "{title}: a formula without its value: open the file in Excel, save it and send it again",
    ),
    "misplaced_row": Rule(
        "Строка сдвинута: на месте имён людей стоят другие данные. Расставьте ячейки по своим столбцам",
        "The row is shifted: other data stand where people's names should",
    ),
    "duplicate_row": Rule(
        "Строка повторяет другую строку полностью. Удалите лишнюю", "The row repeats another one: delete it"
    ),
    "duplicate_key": Rule(
        "Две разные строки об одном и том же ({hint}). Оставьте верную",
        "Different rows have the same key ({hint}): keep the right one",
    ),
    "superseded": Rule("Строку заменил более новый файл {hint}", "Replaced by the newer file {hint}"),
    "score_not_a_number": Rule(
        "Задание {title}: «{value}» не балл. Напишите число, X (не приступал) или «не пройд.»",
        "Item {title}: «{value}» is not a score, X or «не пройд.»",
    ),
    "score_above_maximum": Rule(
        "Задание {title}: {value} больше максимума {le}. Проверьте, не сдвинута ли строка",
        "Item {title}: {value} exceeds its maximum {le}: is the row shifted?",
    ),
    "score_above_usual": Rule(
        "Задание {title}: {value} больше обычных баллов (максимум заданий не прислан). Проверьте строку",
        "Item {title}: {value} exceeds what others score (no maximum was sent): check the row",
    ),
    "answers_length": Rule(
        "Ответов не столько, сколько заданий в работе. Сверьте строку с протоколом",
        "The number of answers differs from the number of items",
    ),
    "no_key": Rule(
        "Ключ не содержит задания {title}: дополните список заданий",
        "The key lacks item {title}: complete it",
    ),
    "no_result": Rule(
        "В строке нет ни баллов, ни отметки об отсутствии. Заполните баллы или напишите «отсутствовал»",
        "The row has neither scores nor a sign of absence",
    ),
    "total_differs": Rule(
        "Сумма баллов {hint}, а в файле {value}. Проверьте баллы и итог",
        "The items add up to {hint}, the file says {value}",
    ),
    "criterion_left_out": Rule(
        "В школе не вошли в итог задания: {title} (строк: {hint}). Проверьте итоги",
        "The school leaves items out of its totals: {title} (rows: {hint})",
    ),
    "unknown_column": Rule(
        "Столбец «{title}» не известен и не прочитан. Проверьте заголовок",
        "Column «{title}» is unknown and was not read",
    ),
    "hidden_rows": Rule(
        "На листе есть скрытые строки с данными ({value}), они прочитаны. Проверьте, нужны ли они",
        "The sheet has hidden rows of data ({value}); they were read like any other",
    ),
    "missing_file": Rule(
        "Файл назван в manifest.csv, но не прислан", "manifest.csv names a file that was not sent"
    ),
    "masked_word": Rule(
        "«{title}»: вместо кода стоит слово. В файле есть сведения о людях, поэтому слово не сохранено: "
        "посмотрите ячейку в своём файле и исправьте её",
        "{title}: a word stands in place of a code; it was not kept, as the file lists persons",
    ),
    "macros_ignored": Rule(
        "В книге есть макросы: они не выполняются, прочитаны только ячейки",
        "The workbook has macros: they are never run, only its cells are read",
    ),
    "external_links_ignored": Rule(
        "В книге есть ссылки на другие файлы: они не открываются, взяты сохранённые значения",
        "The workbook links to other files: they are not opened, the stored values are read",
    ),
    "trimmed": Rule("«{title}»: убраны лишние пробелы", "{title}: spaces removed"),
    "float_text": Rule(
        "«{title}»: число записано с нулевой дробной частью", "{title}: whole number as a fraction"
    ),
    "decimal_comma": Rule("«{title}»: десятичная запятая", "{title}: decimal comma"),
    "spaced_digits": Rule("«{title}»: пробелы внутри числа", "{title}: spaces inside a number"),
    "percent_sign": Rule("«{title}»: знак процента при числе", "{title}: percent sign beside a number"),
    "date_format": Rule("«{title}»: дата не в виде ГГГГ-ММ-ДД", "{title}: date not in ISO form"),
    "formula_text": Rule("«{title}»: значение записано формулой", "{title}: a value written as a formula"),
    "unit_in_number": Rule("«{title}»: единица измерения при числе", "{title}: a unit beside a number"),
    "lookalike_letters": Rule(
        "«{title}»: буквы другого алфавита, похожие на нужные",
        "{title}: look-alike letters of another alphabet",
    ),
    "leading_zeros": Rule("«{title}»: восстановлены потерянные нули", "{title}: lost leading zeros restored"),
    "no_value_word": Rule("«{title}»: слово вместо пустой ячейки", "{title}: a word for an empty cell"),
    "class_label": Rule(
        "«{title}»: обозначение класса приведено к общему виду", "{title}: class label unified"
    ),
    "omitted_mark": Rule(
        "X в любом написании прочитан как «не приступал»", "X in any alphabet: not attempted"
    ),
    "not_administered": Rule(
        "«не пройд.» прочитано как «тема не пройдена»", "Topic not taught: not administered"
    ),
    "absent_word": Rule("Слово об отсутствии прочитано как неявка", "A word of absence read as absent"),
    "merged_cells": Rule(
        "Объединённые ячейки: код повторён в каждой строке", "Merged cells: the code is repeated in each row"
    ),
    "nulls_removed": Rule("Из текста убраны нулевые символы", "Null characters were removed from the text"),
    "encoding_cp1251": Rule("Файл в кодировке Windows-1251", "The file is in cp1251"),
    "encoding_utf16": Rule("Файл в кодировке UTF-16", "The file is in UTF-16"),
    "byte_order_mark": Rule("В начале файла метка порядка байтов", "The file starts with a byte order mark"),
    "wrong_extension": Rule(
        "Расширение файла не соответствует содержанию", "The extension belies the content"
    ),
}
