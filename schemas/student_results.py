"""Student results: one row per student and assessment."""

from __future__ import annotations

from schemas.base import Contract, Date, Int, Model, Number, Text, column
from schemas.common import grade_number, kind_code, school_code, subject_code, window_code


class StudentResults(Model):
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    window: Text = window_code()
    school_id: Text = school_code()
    student_id: Text = column(
        "Код участника",
        "Student code",
        key=True,
        required=True,
        person=True,
        synonyms=("Код обучающегося", "Код"),
    )
    class_name: Text = column("Класс", "Class", short=True, synonyms=("Наименование класса", "class"))
    sex: Text = column("Пол", "Sex", codes="sex")
    form: Text = column(
        "Вариант",
        "Form",
        score=True,
        short=True,
        pattern=r"(?!0$).+",
        note="Номер варианта; «0» не вариант",
    )
    attendance: Text = column("Участие", "Attendance", codes="attendance")
    exam_date: Date = column("Дата экзамена", "Date of the exam", key=True)
    status: Text = column("Состояние результата", "State of the result", codes="result_status")
    journal_mark: Int = column(
        "Отметка по журналу",
        "Mark in the school journal",
        ge=2,
        le=5,
        unit="mark",
        synonyms=("Отметка за предыдущий период",),
    )
    total: Number = column(
        "Первичный балл",
        "Total of primary points, as sent",
        score=True,
        ge=0,
        le=1000,
        unit="points",
        synonyms=("Итого баллов", "Всего баллов"),
    )
    score: Number = column(
        "Тестовый балл", "Test score, as sent", score=True, ge=0, le=1000, unit="points", synonyms=("Балл",)
    )
    mark: Int = column("Отметка", "Mark, as sent", score=True, ge=2, le=5, unit="mark", synonyms=("Оценка",))
    municipality: Text = column("Муниципалитет", "Municipality as sent")
    student_grade: Int = column("Класс обучения", "Grade the student is in", ge=1, le=12, unit="grade")


CONTRACT = Contract(
    "student_results",
    StudentResults,
    "Результаты учеников",
    "Student results",
    "one row per student and assessment",
    context=("kind", "subject", "grade", "school_year", "window"),
    period=("kind", "subject", "grade", "window", "exam_date"),
    has_items=True,
)
