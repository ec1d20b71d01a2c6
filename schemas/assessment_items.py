"""Items of an assessment: one row per assessment, form, item and content code."""

from __future__ import annotations

from schemas.base import Contract, Int, Model, Number, Text, column
from schemas.common import grade_number, kind_code, school_year_number, subject_code, window_code


class AssessmentItems(Model):
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    school_year: Int = school_year_number()
    window: Text = window_code()
    form: Text = column("Вариант", "Form", key=True)
    item: Text = column("Задание", "Item", key=True, required=True, synonyms=("№ КИМ", "Номер задания"))
    content_code: Text = column("Код содержания", "Content code", key=True, synonyms=("Код КЭС", "КЭС"))
    requirement_code: Text = column("Код требования", "Requirement code", key=True, synonyms=("Код КТ", "КТ"))
    position: Int = column("Порядковый номер", "Position in the protocol", ge=1, le=200, synonyms=("№",))
    max_score: Number = column(
        "Максимальный балл за задание",
        "Maximum score of the item",
        required=True,
        ge=0,
        le=100,
        unit="points",
        synonyms=("Максимальный балл за выполнение задания", "Максимальный балл"),
    )
    level: Text = column("Уровень сложности", "Level", codes="item_level")
    skill: Text = column(
        "Проверяемое умение", "Skill", synonyms=("Умения, виды деятельности (в соответствии с ФГОС)",)
    )
    anchor_item: Text = column("Якорное задание", "Anchor item")
    key: Text = column("Ключ (верный ответ)", "Key (the right answer)", synonyms=("Ключ",))


CONTRACT = Contract(
    "assessment_items",
    AssessmentItems,
    "Задания работы",
    "Items of an assessment",
    "one row per assessment, form, item and content code",
    context=("kind", "subject", "grade", "school_year", "window"),
    merged=True,
)
