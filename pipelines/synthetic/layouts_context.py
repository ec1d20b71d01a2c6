"""The federal context form of 2021 (one sheet) and of 2022 (two sheets), school by school."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.synthetic.region import CORRECTIONAL, EVENING, Region, School
from pipelines.synthetic.sheets import Sheet
from pipelines.synthetic.students import CLASS_SIZE, Students

HEADER_2021 = [
    "логин",
    "Код региона",
    "Название ОО",
    "Полное наименование ОО согласно Уставу",
    "Адрес ОО  (с указанием индекса)",
    "ФИО директора (полностью)",
    '"Телефон ОО (с указанием кода города)"',
    "e-mail ОО",
    "Организационно-правовая форма ОО",
    "Начальное общее образование",
    "Основное общее образование",
    "Среднее общее образование",
    "Среднее профессиональное образование",
    "Где расположена Ваша образовательная организация?",
    (
        "Укажите наименование населенного пункта, где расположена Ваша образовательная организация "
        '(пожалуйста, укажите только название населенного пункта без обозначений "город", "пгт", '
        '"деревня" и т.д.)'
    ),
    "Каков размер населенного пункта, в котором расположена ОО? ",
    (
        "Существует ли регулярное транспортное сообщение между Вашим населенным пунктом и ближайшим "
        "крупным городом (численностью более 100 000 человек)?"
    ),
    (
        "С какой периодичностью, в том числе если необходимо добираться с пересадками, "
        "осуществляется регулярное транспортное сообщение из Вашего населенного пункта в ближайший "
        "крупный город (численностью более 100000 человек)?"
    ),
    (
        "Какое из утверждений о возможности добраться общественным транспортом до ближайшего "
        "крупного города (численностью более 100 000 человек) наилучшим образом описывает положение "
        "Вашей ОО?"
    ),
    "ОО является специальной (коррекционной)?",
    "ОО является вечерней (сменной)?",
    "ОО является специальным учебно-воспитательным учреждением закрытого типа?",
    (
        "ОО является образовательной организацией при учреждении, исполняющем наказание в виде "
        "лишения свободы?"
    ),
    "ОО является школой-интернатом?",
    "Укажите количество обучающихся в ОО в 2020/2021 учебном году (в сумме по всем классам)",
    *(f"{grade} класс {what}" for grade in range(1, 13) for what in ("Классов/групп", "Обучающихся")),
    '"Общее количество обучающихся 2005 года рождения"',
    "из них обучаются по адаптированным образовательным программам",
    '"Общее количество обучающихся 2006 года рождения"',
    "Сколько всего в школе учителей (работающих не менее чем на 0,5 ставки)?",
    "Сколько в школе  учителей высшей категории (работающих не менее чем на 0,5 ставки)?",
    "Сколько в школе учителей (работающих не менее чем на 0,5 ставки) не старше 30 лет?",
    (
        "Сколько в школе учителей (работающих не менее чем на 0,5 ставки), достигших пенсионного "
        "возраста (имеющих право на пенсию по возрасту, а не по педагогическому стажу)?"
    ),
    "Длительностью не более 36 часов",
    "Длительностью более 36 часов и не более 72 часов",
    "Длительностью более 72 часов",
    "их сопровождает методслужба муниципалитета",
    "они делятся опытом в рамках профессионального общения с коллегами в школе",
    "они самостоятельно отрабатывают полученные навыки на уроках",
    "никак",
    "Сколько в школе учебных классов (кабинетов), в которых проходят занятия?",
    "В скольких из них рабочее место учителя оборудовано компьютером?",
    "В скольких учебных классах, кабинетах есть проектор и/или интерактивная доска?",
    (
        "Сколько компьютеров обучающиеся могут использовать в процессе обучения (включая компьютеры "
        "в компьютерном классе, других учебных классах, библиотеке)?"
    ),
    ("Сколько из этих компьютеров являются маломощными, устаревшими, требующими замены или переоснащения?"),
    (
        "Сколько из этих компьютеров имеют доступ к сети Интернет (вне зависимости от того, "
        "проводной интернет или Wi-Fi)?"
    ),
    (
        '"Скорость Интернета, заявленная Интернет-провайдером (указанная в договоре с '
        'Интернет-провайдером)? Выберите вариант из выпадающего списка"'
    ),
    (
        "Как вы оцениваете вовлеченность обучающхся в школьную систему дополнительного образования? "
        "В школьные кружки, секции, студии и т.д. посещают... "
    ),
    "Как обычно реализуется профориентационная работа в школе?",
    "Рассказ о профессиях во время классных часов",
    "Беседы с представителями различных профессий",
    ("Лекции сотрудников службы занятости, кадровых агентств, специалистов по карьерному консультированию"),
    "Психологические тестирования, построение профессиограмм и т.д.",
    "Экскурсии в организации, на производства",
    "Участие в профориентационных проектах, например, “Билет в будущее”",
    "Практика на предприятиях",
    "В классах начальной школы",
    "В классах основной школы",
    (
        "Исходя из имеющегося опыта, как много родителей обучающихся обычно откликаются на "
        "приглашение и приходят в качестве зрителей на общешкольное мероприятие (например, день "
        "рождения школы, театральная постановка силами обучающихся, спортивные соревнования и т.д.)?"
    ),
    (
        "Исходя из имеющегося опыта, как много родителей обучающихся готовы оказать посильную "
        "деятельностную помощь, принять участие в проведении общешкольных мероприятий (например, "
        "субботник, семейные спортивные соревнования и т.д.)?"
    ),
    "В классах средней школы ",
    "Русский язык",
    "Иностранный язык",
    "Математика",
    "Биология",
    "Химия",
    "Физика",
    "Информатика",
    "История",
    "География",
    "Литература",
    "Обществознание",
]
SHEET_2021 = "Сбор контекстных данных об ОО и"
LOCALITY = {
    "capital": "1. Столица субъекта РФ",
    "city": "2. Город",
    "town": "2. Город",
    "settlement": "3. Населенный пункт городского типа (рабочий поселок, поселок городского типа и пр.)",
    "village": "4. Населенный пункт сельского типа (село, хутор, деревня и пр.)",
}
SIZES = (
    "1. Менее 1 тыс. человек", "2. 1–5 тыс. человек", "3. 5–10 тыс. чел", "4. 10–50 тыс. человек",
    "5. 50–100 тыс. человек", "6. 100–450 тыс. человек", "7. 450–680 тыс. человек",
    "8. Более 680 тыс. человек",
)  # fmt: skip
SIZES_2022 = (
    "1) Менее 1 тыс.", "2) 1–5 тыс.", "3) 5–10 тыс.", "4) 10–50 тыс.", "5) 50–100 тыс.", "6) 100–450 тыс.",
    "7) 450–680 тыс.", "8) Более 680 тыс.",
)  # fmt: skip
ROUTES = (
    "1. Да, есть прямые рейсы, не требующие пересадок",
    "2. Есть только с пересадками (например, в районном центре)",
    (
        "3. Необходимо самостоятельно добираться до ближайшего населенного пункта, где есть остановка "
        "общественного транспорта"
    ),
    "4. Регулярного транспортного сообщения нет, в т.ч. и в ближайшей округе",
)
FREQUENCY = (
    "1. Несколько раз в день", "2. Ежедневно", "3. Два-три раза в неделю", "4. Один раз в неделю или реже",
)  # fmt: skip
REACH = (
    (
        "1. Регулярность транспортного сообщения и близость крупного "
        "города позволяет ежедневно ездить туда на "
        "работу, учебу"
    ),
    (
        "2. Каждый день ездить сложно, но класс, например, "
        "может побывать в крупном городе на выставке, экскурсии, "
        "спектакле или другом мероприятии и в тот же день вернуться"
    ),
    (
        "3. Чтобы съездить в ближайший крупный город на "
        "какое-либо мероприятие и вернуться, требуется не менее двух "
        "дней"
    ),
    (
        "4. Удаленность населенного пункта и/или отсутствие "
        "регулярного транспортного сообщения делают подобные "
        "поездки затруднительными, а иногда практически невозможными"
    ),
)
SPEEDS = ("Интернет в ОО отсутствует", "до 25 Мбит/с", "26–50 Мбит/с", "51–100 Мбит/с", "более 100 Мбит/с")
INVOLVED = (
    "1. Более 80% обучающихся", "2. 50–80% обучающихся", "3. 20–50% обучающихся", "4. Менее 20% обучающихся",
)  # fmt: skip
GUIDANCE = (
    (
        "1. Как правило профориентация организуется с привлечением партнеров: специалистов служб занятости, "
        "представителей предприятий и организаций"
    ),
    (
        "2. Чаще школа проводит профориентационную работу самостоятельно: силами классных руководителей, "
        "представителей администрации школы"
    ),
)
PARENTS = ("1.Почти все, значительное большинство", "2.Примерно половина", "3.Лишь некоторые родители")
HEADER_2022_ORGANISATION = [
    "Логин ОО", "Код региона", "ИНН", "Название ОО", "Муниципалитет", "Организационно-правовая форма ОО",
    "Где расположена ОО", "Размер населенного пункта", "Транспортное сообщение", "Периодичность сообщения",
    "Возможность добраться до крупного города", "Коррекционная", "Вечерняя", "Закрытого типа", "При УИС",
    "Интернат",
    "Количество обучающихся", "Обучаются по адаптированным программам", "Учебных кабинетов", "Компьютеров",
    "Из них устаревших", "Из них с доступом в Интернет", "Скорость Интернета",
]  # fmt: skip
HEADER_2022_TEACHING = [
    "Логин ОО", *(f"{grade} класс, обучающихся" for grade in range(1, 12)), "Учителей всего",
    "Высшей категории",
    "Не старше 30 лет", "Пенсионного возраста", "Не более 36 часов", "От 36 до 72 часов", "Более 72 часов",
    "Дополнительное образование", "Родители на собраниях, начальная школа",
    "Родители на собраниях, основная школа",
    "Родители на мероприятиях", "Родители помогают",
]  # fmt: skip


def settlement_band(school: School) -> int:
    """The settlement's size, 1–8."""
    return {"capital": 6, "city": 5, "town": 4, "settlement": 3}.get(school.locality, 1 + (school.size > 12))


class ContextAnswers:
    """What each open school would answer in a year; both forms draw on it."""

    def __init__(self, region: Region, students: Students, year: int) -> None:
        self.year = year
        self.region = region
        rng = region.rng("context", year)
        self.grades = np.array([students.enrolled_n(year, grade) for grade in range(1, 12)])
        self.social = region.social
        count = len(region.schools)
        size = self.grades.sum(axis=0)
        self.total = size
        self.teachers = np.maximum(3, np.round(size / 13 + 4 + rng.normal(0, 1, count))).astype(int)
        share = np.clip(0.22 + 0.07 * self.social + rng.normal(0, 0.06, count), 0.02, 0.6)
        self.highest = np.round(self.teachers * share).astype(int)
        self.young = np.round(self.teachers * np.clip(rng.normal(0.14, 0.06, count), 0, 0.4)).astype(int)
        self.pension = np.round(self.teachers * np.clip(rng.normal(0.24, 0.08, count), 0, 0.55)).astype(int)
        self.trained = np.array([rng.binomial(self.teachers, p) for p in (0.14, 0.16, 0.08)])
        self.rooms = np.maximum(6, np.round(size / 18 + 6)).astype(int)
        self.computers = np.maximum(5, np.round(size / 9 + 6 + rng.normal(0, 3, count))).astype(int)
        self.old = np.round(self.computers * np.clip(rng.normal(0.35, 0.15, count), 0, 0.9)).astype(int)
        self.adapted = rng.binomial(np.maximum(size // 11, 1), np.clip(0.05 - 0.02 * self.social, 0.01, 0.2))
        urban = np.array([s.locality in ("capital", "city", "town") for s in region.schools])
        self.speed = np.clip(
            np.round(1.6 + urban * 1.3 + 0.3 * self.social + rng.normal(0, 0.5, count)), 0, 4
        ).astype(int)
        self.far = np.clip(
            np.round(0.9 - 0.3 * self.social + (~urban) * 0.8 + rng.normal(0, 0.5, count)), 0, 3
        ).astype(int)
        self.involved = np.clip(np.round(1.0 - 0.5 * self.social + rng.normal(0, 0.5, count)), 0, 3).astype(
            int
        )
        self.parents = np.clip(
            np.round(1.0 - 0.4 * self.social + rng.normal(0, 0.5, (2, count))), 0, 2
        ).astype(int)
        self.meetings = np.clip(
            np.round((80 + 7 * self.social + rng.normal(0, 6, (3, count))) / 5) * 5, 20, 100
        ).astype(int)
        self.yes = (
            rng.random((11, count))
            < np.array([0.55, 0.97, 0.93, 0.01, 0.97, 0.87, 0.54, 0.87, 0.72, 0.45, 0.09])[:, None]
        )


def _yes(value: bool) -> str:
    return "Да" if value else "Нет"


def form_2021(answers: ContextAnswers) -> Sheet:
    """One sheet of 95 columns, repeated and bare headers as they are; no contacts are invented."""
    region, year = answers.region, answers.year
    rows: list[list[Any]] = [list(HEADER_2021)]
    for school in region.open_schools(year):
        i = school.index
        large = school.locality == "capital"
        far = int(answers.far[i])
        row: list[Any] = [
            school.sch, 99, region.name(school, year), school.full_name, "адрес не указан", "не указано",
            "не указан",
            "не указан", "2. Муниципальная", _yes(school.kind != EVENING), "Да", _yes(school.last_grade > 9),
            "Нет",
            LOCALITY[school.locality], None, SIZES[settlement_band(school) - 1],
            None if large else ROUTES[far], None if large else FREQUENCY[far], None if large else REACH[far],
            _yes(school.kind == CORRECTIONAL), _yes(school.kind == EVENING), "Нет", "Нет", "Нет",
            int(answers.total[i]),
        ]  # fmt: skip
        for grade in range(1, 13):
            students = int(answers.grades[grade - 1, i]) if grade < 12 else 0
            row += [-(-students // CLASS_SIZE), students or None]
        older, younger = int(answers.grades[8, i]), int(answers.grades[7, i])
        row += [
            older, min(int(answers.adapted[i]), older), younger, int(answers.teachers[i]),
            int(answers.highest[i]),
            int(answers.young[i]), int(answers.pension[i]), *(int(n) for n in answers.trained[:, i]),
            *(_yes(bool(v)) for v in answers.yes[:4, i]), int(answers.rooms[i]), int(answers.rooms[i]),
            int(answers.rooms[i] * 0.8), int(answers.computers[i]), int(answers.old[i]),
            int(answers.computers[i] - answers.old[i] // 2), SPEEDS[answers.speed[i]],
            INVOLVED[answers.involved[i]],
            GUIDANCE[i % 2], *(_yes(bool(v)) for v in answers.yes[4:, i]), int(answers.meetings[0, i]),
            int(answers.meetings[1, i]), PARENTS[answers.parents[0, i]], PARENTS[answers.parents[1, i]],
            int(answers.meetings[2, i]) if school.last_grade > 9 else None,
            *(10 if school.form in ("Лицей", "Гимназия") and k in (0, 2) else None for k in range(11)),
        ]  # fmt: skip
        rows.append(row)
    return Sheet(SHEET_2021, rows)


def form_2022(answers: ContextAnswers) -> list[Sheet]:
    """Two sheets of 23 and 24 columns; labels are numbered with brackets, schools have ИНН."""
    region, year = answers.region, answers.year
    first: list[list[Any]] = [list(HEADER_2022_ORGANISATION)]
    second: list[list[Any]] = [list(HEADER_2022_TEACHING)]

    def bracket(label: str) -> str:
        return label.replace(". ", ") ", 1) if label[1:3] == ". " else label.replace(".", ") ", 1)

    for school in region.open_schools(year):
        i = school.index
        large = school.locality == "capital"
        far = int(answers.far[i])
        first.append([
            school.edu, 99, school.inn, region.name(school, year),
            region.municipalities[school.municipality].name,
            "2) Муниципальная", bracket(LOCALITY[school.locality]), SIZES_2022[settlement_band(school) - 1],
            None if large else bracket(ROUTES[far]), None if large else bracket(FREQUENCY[far]),
            None if large else bracket(REACH[far]), _yes(school.kind == CORRECTIONAL),
            _yes(school.kind == EVENING),
            "Нет", "Нет", "Нет", int(answers.total[i]), int(answers.adapted[i]), int(answers.rooms[i]),
            int(answers.computers[i]), int(answers.old[i]), int(answers.computers[i] - answers.old[i] // 2),
            SPEEDS[answers.speed[i]],
        ])  # fmt: skip
        second.append([
            school.edu, *(int(n) for n in answers.grades[:, i]), int(answers.teachers[i]),
            int(answers.highest[i]),
            int(answers.young[i]), int(answers.pension[i]), *(int(n) for n in answers.trained[:, i]),
            bracket(INVOLVED[answers.involved[i]]), int(answers.meetings[0, i]), int(answers.meetings[1, i]),
            bracket(PARENTS[answers.parents[0, i]]), bracket(PARENTS[answers.parents[1, i]]),
        ])  # fmt: skip
    return [Sheet("Сведения об ОО", first), Sheet("Обучающиеся и педагоги", second)]
