"""Federal context form: one row per school."""

from __future__ import annotations

import pandas as pd

from schemas.base import Bool, Contract, Int, Model, Number, Text, column, relation
from schemas.common import school_code


class ContextForm(Model):
    school_id: Text = school_code()
    school_name: Text = column("Название ОО", "School name as sent")
    ownership: Text = column("Организационно-правовая форма ОО", "Ownership", codes="ownership")
    has_primary: Bool = column("Начальное общее образование", "Primary stage")
    has_basic: Bool = column("Основное общее образование", "Basic stage")
    has_secondary: Bool = column("Среднее общее образование", "Secondary stage")
    has_vocational: Bool = column("Среднее профессиональное образование", "Vocational stage")
    locality_type: Text = column(
        "Где расположена Ваша образовательная организация?", "Type of locality", codes="locality_type"
    )
    settlement_size: Text = column(
        "Размер населённого пункта", "Size of the settlement, band 1–8", codes="settlement_size"
    )
    transport_route: Text = column(
        "Транспортное сообщение с крупным городом", "Transport to a large city", codes="transport_route"
    )
    transport_frequency: Text = column(
        "Периодичность транспортного сообщения", "Frequency of transport", codes="transport_frequency"
    )
    transport_reach: Text = column(
        "Возможность добраться до крупного города", "Reach of a large city", codes="transport_reach"
    )
    is_special: Bool = column("Специальная (коррекционная)", "Special (correctional) school")
    is_evening: Bool = column("Вечерняя (сменная)", "Evening school")
    is_closed: Bool = column("Закрытого типа", "Closed institution")
    is_prison: Bool = column("При учреждении исполнения наказаний", "Prison school")
    is_boarding: Bool = column("Школа-интернат", "Boarding school")
    students_n: Int = column("Количество обучающихся", "Students in all", ge=0, le=20000, unit="students")
    grade_1_classes_n: Int = column(
        "1 класс Классов/групп", "Classes in grade 1", ge=0, le=100, unit="classes"
    )
    grade_1_students_n: Int = column(
        "1 класс Обучающихся", "Students in grade 1", ge=0, le=2000, unit="students"
    )
    grade_2_classes_n: Int = column(
        "2 класс Классов/групп", "Classes in grade 2", ge=0, le=100, unit="classes"
    )
    grade_2_students_n: Int = column(
        "2 класс Обучающихся", "Students in grade 2", ge=0, le=2000, unit="students"
    )
    grade_3_classes_n: Int = column(
        "3 класс Классов/групп", "Classes in grade 3", ge=0, le=100, unit="classes"
    )
    grade_3_students_n: Int = column(
        "3 класс Обучающихся", "Students in grade 3", ge=0, le=2000, unit="students"
    )
    grade_4_classes_n: Int = column(
        "4 класс Классов/групп", "Classes in grade 4", ge=0, le=100, unit="classes"
    )
    grade_4_students_n: Int = column(
        "4 класс Обучающихся", "Students in grade 4", ge=0, le=2000, unit="students"
    )
    grade_5_classes_n: Int = column(
        "5 класс Классов/групп", "Classes in grade 5", ge=0, le=100, unit="classes"
    )
    grade_5_students_n: Int = column(
        "5 класс Обучающихся", "Students in grade 5", ge=0, le=2000, unit="students"
    )
    grade_6_classes_n: Int = column(
        "6 класс Классов/групп", "Classes in grade 6", ge=0, le=100, unit="classes"
    )
    grade_6_students_n: Int = column(
        "6 класс Обучающихся", "Students in grade 6", ge=0, le=2000, unit="students"
    )
    grade_7_classes_n: Int = column(
        "7 класс Классов/групп", "Classes in grade 7", ge=0, le=100, unit="classes"
    )
    grade_7_students_n: Int = column(
        "7 класс Обучающихся", "Students in grade 7", ge=0, le=2000, unit="students"
    )
    grade_8_classes_n: Int = column(
        "8 класс Классов/групп", "Classes in grade 8", ge=0, le=100, unit="classes"
    )
    grade_8_students_n: Int = column(
        "8 класс Обучающихся", "Students in grade 8", ge=0, le=2000, unit="students"
    )
    grade_9_classes_n: Int = column(
        "9 класс Классов/групп", "Classes in grade 9", ge=0, le=100, unit="classes"
    )
    grade_9_students_n: Int = column(
        "9 класс Обучающихся", "Students in grade 9", ge=0, le=2000, unit="students"
    )
    grade_10_classes_n: Int = column(
        "10 класс Классов/групп", "Classes in grade 10", ge=0, le=100, unit="classes"
    )
    grade_10_students_n: Int = column(
        "10 класс Обучающихся", "Students in grade 10", ge=0, le=2000, unit="students"
    )
    grade_11_classes_n: Int = column(
        "11 класс Классов/групп", "Classes in grade 11", ge=0, le=100, unit="classes"
    )
    grade_11_students_n: Int = column(
        "11 класс Обучающихся", "Students in grade 11", ge=0, le=2000, unit="students"
    )
    grade_12_classes_n: Int = column(
        "12 класс Классов/групп", "Classes in grade 12", ge=0, le=100, unit="classes"
    )
    grade_12_students_n: Int = column(
        "12 класс Обучающихся", "Students in grade 12", ge=0, le=2000, unit="students"
    )
    cohort_1_n: Int = column(
        "Обучающихся старшего года рождения",
        "Students of the older birth year",
        ge=0,
        le=2000,
        unit="students",
    )
    cohort_1_adapted_n: Int = column(
        "Из них по адаптированным программам", "Of them on adapted programmes", ge=0, le=2000, unit="students"
    )
    cohort_2_n: Int = column(
        "Обучающихся младшего года рождения",
        "Students of the younger birth year",
        ge=0,
        le=2000,
        unit="students",
    )
    teachers_n: Int = column("Учителей всего", "Teachers", ge=0, le=1000, unit="staff")
    teachers_highest_n: Int = column(
        "Учителей высшей категории", "Teachers of the highest category", ge=0, le=1000, unit="staff"
    )
    teachers_young_n: Int = column(
        "Учителей не старше 30 лет", "Teachers of 30 or younger", ge=0, le=1000, unit="staff"
    )
    teachers_pension_n: Int = column(
        "Учителей пенсионного возраста", "Teachers of pension age", ge=0, le=1000, unit="staff"
    )
    trained_36_n: Int = column(
        "Обучение не более 36 часов", "Trained up to 36 hours", ge=0, le=1000, unit="staff"
    )
    trained_72_n: Int = column("Обучение 36–72 часа", "Trained 36–72 hours", ge=0, le=1000, unit="staff")
    trained_over_72_n: Int = column(
        "Обучение более 72 часов", "Trained over 72 hours", ge=0, le=1000, unit="staff"
    )
    followup_municipal: Bool = column("Сопровождает методслужба", "Followed up by the municipal service")
    followup_peers: Bool = column("Делятся опытом в школе", "Share experience at school")
    followup_own: Bool = column("Отрабатывают самостоятельно", "Practise on their own")
    followup_none: Bool = column("Никак", "No follow-up")
    rooms_n: Int = column("Учебных классов", "Classrooms", ge=0, le=5000, unit="units")
    rooms_computer_n: Int = column(
        "С компьютером учителя", "With a teacher's computer", ge=0, le=5000, unit="units"
    )
    rooms_projector_n: Int = column(
        "С проектором или доской", "With a projector or board", ge=0, le=5000, unit="units"
    )
    computers_n: Int = column(
        "Компьютеров для обучающихся", "Computers for students", ge=0, le=5000, unit="units"
    )
    computers_old_n: Int = column("Устаревших компьютеров", "Outdated computers", ge=0, le=5000, unit="units")
    computers_internet_n: Int = column(
        "Компьютеров с Интернетом", "Computers with internet", ge=0, le=5000, unit="units"
    )
    internet_speed: Text = column("Скорость Интернета", "Internet speed", codes="internet_speed")
    extracurricular: Text = column(
        "Вовлечённость в дополнительное образование",
        "Involvement in extracurricular education",
        codes="involvement",
    )
    career_guidance: Text = column("Профориентационная работа", "Career guidance", codes="career_guidance")
    guidance_1: Bool = column("Рассказ о профессиях", "Talks about occupations")
    guidance_2: Bool = column("Беседы с представителями профессий", "Meetings with professionals")
    guidance_3: Bool = column("Лекции службы занятости", "Lectures of the employment service")
    guidance_4: Bool = column("Психологические тестирования", "Psychological tests")
    guidance_5: Bool = column("Экскурсии в организации", "Visits to organisations")
    guidance_6: Bool = column("Профориентационные проекты", "Guidance projects")
    guidance_7: Bool = column("Практика на предприятиях", "Practice at enterprises")
    parents_meeting_primary_pct: Number = column(
        "Родителей на собраниях: начальная школа", "Parents at meetings: primary", ge=0, le=100, unit="%"
    )
    parents_meeting_basic_pct: Number = column(
        "Родителей на собраниях: основная школа", "Parents at meetings: basic", ge=0, le=100, unit="%"
    )
    parents_meeting_secondary_pct: Number = column(
        "Родителей на собраниях: средняя школа", "Parents at meetings: secondary", ge=0, le=100, unit="%"
    )
    parents_events: Text = column(
        "Родители-зрители на мероприятиях", "Parents attending events", codes="parents_share"
    )
    parents_help: Text = column("Родители помогают", "Parents helping", codes="parents_share")
    advanced_russian_grade: Int = column(
        "Углублённое изучение: Русский язык", "Advanced course from grade: Russian", ge=1, le=12, unit="grade"
    )
    advanced_foreign_grade: Int = column(
        "Углублённое изучение: Иностранный язык",
        "Advanced course from grade: Foreign language",
        ge=1,
        le=12,
        unit="grade",
    )
    advanced_mathematics_grade: Int = column(
        "Углублённое изучение: Математика",
        "Advanced course from grade: Mathematics",
        ge=1,
        le=12,
        unit="grade",
    )
    advanced_biology_grade: Int = column(
        "Углублённое изучение: Биология", "Advanced course from grade: Biology", ge=1, le=12, unit="grade"
    )
    advanced_chemistry_grade: Int = column(
        "Углублённое изучение: Химия", "Advanced course from grade: Chemistry", ge=1, le=12, unit="grade"
    )
    advanced_physics_grade: Int = column(
        "Углублённое изучение: Физика", "Advanced course from grade: Physics", ge=1, le=12, unit="grade"
    )
    advanced_informatics_grade: Int = column(
        "Углублённое изучение: Информатика",
        "Advanced course from grade: Informatics",
        ge=1,
        le=12,
        unit="grade",
    )
    advanced_history_grade: Int = column(
        "Углублённое изучение: История", "Advanced course from grade: History", ge=1, le=12, unit="grade"
    )
    advanced_geography_grade: Int = column(
        "Углублённое изучение: География", "Advanced course from grade: Geography", ge=1, le=12, unit="grade"
    )
    advanced_literature_grade: Int = column(
        "Углублённое изучение: Литература",
        "Advanced course from grade: Literature",
        ge=1,
        le=12,
        unit="grade",
    )
    advanced_social_grade: Int = column(
        "Углублённое изучение: Обществознание",
        "Advanced course from grade: Social studies",
        ge=1,
        le=12,
        unit="grade",
    )

    @relation(
        "Сумма по классам не равна общему числу обучающихся", "The grades do not add up to all students"
    )
    def grades_add_up(cls, frame: pd.DataFrame) -> pd.Series:
        grades = frame[[f"grade_{g}_students_n" for g in range(1, 13)]].fillna(0).sum(axis=1)
        return ~(frame["students_n"].notna() & (grades != frame["students_n"].fillna(0)))

    @relation(
        "Учителей высшей категории больше, чем всего учителей",
        "More teachers of the highest category than teachers",
    )
    def highest_within_teachers(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["teachers_highest_n"] > frame["teachers_n"])

    @relation(
        "Молодых учителей и пенсионеров вместе больше, чем всего учителей",
        "More young and pension-age teachers than teachers",
    )
    def ages_within_teachers(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["teachers_young_n"] + frame["teachers_pension_n"] > frame["teachers_n"])

    @relation("В школе с обучающимися указано 0 учителей", "A school with students reports 0 teachers")
    def teachers_present(cls, frame: pd.DataFrame) -> pd.Series:
        return ~((frame["teachers_n"] == 0) & (frame["students_n"] > 0))


CONTRACT = Contract(
    "context_form", ContextForm, "Контекстные данные об ОО", "Federal context form", "one row per school"
)
