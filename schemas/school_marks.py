"""School marks: one row per school, class, subject, period and, where given, student."""

from __future__ import annotations

from schemas.base import Contract, Int, Model, Text, column
from schemas.common import grade_number, school_code, subject_code


class SchoolMarks(Model):
    school_id: Text = school_code()
    class_name: Text = column("Класс", "Class", key=True, short=True, synonyms=("class",))
    grade: Int = grade_number()
    subject: Text = subject_code()
    period: Text = column("Период", "Period", key=True, required=True, codes="period", synonyms=("Четверть",))
    student_id: Text = column("Код ученика", "Student code", key=True, person=True)
    mark: Int = column("Отметка", "Mark", score=True, ge=2, le=5, unit="mark")
    mark_2_n: Int = column("Отметок 2", "Marks 2", score=True, ge=0, unit="students")
    mark_3_n: Int = column("Отметок 3", "Marks 3", score=True, ge=0, unit="students")
    mark_4_n: Int = column("Отметок 4", "Marks 4", score=True, ge=0, unit="students")
    mark_5_n: Int = column("Отметок 5", "Marks 5", score=True, ge=0, unit="students")


CONTRACT = Contract(
    "school_marks",
    SchoolMarks,
    "Отметки школы",
    "School marks",
    "one row per school, class, subject, period and, where given, student",
    period=("period",),
)
