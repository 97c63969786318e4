"""Right numbers written otherwise are no contradictions of a point, and earn its credit; wrong ones are found."""

import pytest

from grader import Answer, Grader, Rubric, RubricPoint

RIGHT = [
    ("The stadium seats 48,500 people", "The stadium seats 48500 people."),
    ("The stadium seats 48,500 people", "The stadium seats 48 500 people."),
    ("The stadium seats 48,500 people", "The stadium seats 48.5 thousand people."),
    ("The stadium seats 48,500 people", "The stadium seats forty-eight thousand five hundred people."),
    ("The stadium seats 48,500 people", "The stadium seats 48.5k people."),
    ("The tank loses 3.5 litres every hour", "The tank loses 3,5 litres every hour."),
    ("The tank loses 3.5 litres every hour", "The tank loses 3½ litres every hour."),
    ("The tank loses 3.5 litres every hour", "The tank loses three and a half litres every hour."),
    ("The tank loses 3.5 litres every hour", "The tank loses 3500 ml every hour."),
    ("The tank loses 3.5 litres every hour", "The tank loses 3.50 litres every hour."),
    ("A quarter of the pupils walk to school", "1/4 of the pupils walk to school."),
    ("A quarter of the pupils walk to school", "¼ of the pupils walk to school."),
    ("A quarter of the pupils walk to school", "25 % of the pupils walk to school."),
    ("A quarter of the pupils walk to school", "0.25 of the pupils walk to school."),
    ("Two thirds of the votes are needed", "2/3 of the votes are needed."),
    ("Two thirds of the votes are needed", "⅔ of the votes are needed."),
    ("Half of the seeds germinate", "50 percent of the seeds germinate."),
    ("Half of the seeds germinate", "50% of the seeds germinate."),
    ("Half of the seeds germinate", "1/2 of the seeds germinate."),
    ("A byte has 256 values", "A byte has 2^8 values."),
    ("A byte has 256 values", "A byte has 2⁸ values."),
    ("A byte has 256 values", "A byte has two hundred and fifty-six values."),
    ("The galaxy holds 10^9 suns", "The galaxy holds one billion suns."),
    ("The galaxy holds 10^9 suns", "The galaxy holds 1,000,000,000 suns."),
    ("The galaxy holds 10^9 suns", "The galaxy holds 1e9 suns."),
    ("The city has 4 million inhabitants", "The city has 4M inhabitants."),
    ("The city has 4 million inhabitants", "The city has 4,000,000 inhabitants."),
    ("The city has 4 million inhabitants", "The city has four million inhabitants."),
    ("The city has 4 million inhabitants", "The city has 4 × 10^6 inhabitants."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at minus 80 degrees Celsius."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at minus eighty degrees Celsius."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at −80 °C."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at 80 degrees below zero."),
    ("An ant has six legs", "An ant has 6 legs."),
    ("An ant has six legs", "An ant has 6.0 legs."),
    ("The ferry costs $12", "The ferry costs $12.00."),
    ("The ferry costs $12", "The ferry costs 12 dollars."),
    ("The ferry costs €1,200", "The ferry costs 1200 euros."),
    ("The bridge is 2.4 km long", "The bridge is 2400 m long."),
    ("The bridge is 2.4 km long", "The bridge is 2,400 metres long."),
    ("The bridge is 2.4 km long", "The bridge is 2.40 kilometres long."),
    ("The parcel weighs 750 g", "The parcel weighs 0.75 kg."),
    ("The parcel weighs 750 g", "The parcel weighs three quarters of a kilogram."),
    ("The parcel weighs 750 g", "The parcel weighs 750 grams."),
    ("The dough rests for 90 minutes", "The dough rests for 1.5 hours."),
    ("The dough rests for 90 minutes", "The dough rests for one and a half hours."),
    ("The dough rests for 90 minutes", "The dough rests for 1½ h."),
    ("The dough rests for 90 minutes", "The dough rests for ninety min."),
    ("The trip lasts 48 hours", "The trip lasts two days."),
    ("The charge lasts 60 minutes", "The charge lasts an hour."),
    ("Mould appears within 24 hours", "Mould appears within a day."),
    ("The pool holds 50 cubic metres of water", "The pool holds 50 m³ of water."),
    ("The pool holds 50 cubic metres of water", "The pool holds 50,000 litres of water."),
    ("The fourth phase is delivery", "Phase 4 is delivery."),
    ("The fourth phase is delivery", "The 4th phase is delivery."),
    ("Release 3.0 dropped the plugin", "Release 3 dropped the plugin."),
    ("Release 3.0 dropped the plugin", "Release three dropped the plugin."),
    ("Drivers aged at least 21 may rent a van", "Drivers aged not younger than 21 may rent a van."),
    ("Drivers aged at least 21 may rent a van", "Drivers not younger than 21 may rent a van."),
    ("The lift carries at most 8 people", "The lift carries no more than eight people."),
    ("The church was finished in 1512", "The church was finished in the year 1512."),
    ("Rents rose by 4.5 percent in spring", "Rents rose by four and a half percent in spring."),
    ("Rents rose by 4.5 percent in spring", "Rents rose by 4.5 % in spring."),
    ("Rents rose by 4.5 percent in spring", "Rents rose by 4,5 % in spring."),
    ("The page weighs 2 megabytes", "The page weighs 2 MB."),
    ("The page weighs 2 KB", "The page weighs 2048 bytes."),
    ("The dough rests for 90 minutes", "The dough rests for 1:30 hours."),
    ("The dough rests for 90 minutes", "The dough rests for an hour and a half."),
    ("The dough rests for 90 minutes", "The dough rests for one hour and thirty minutes."),
    ("An egg box holds twelve eggs", "An egg box holds a dozen eggs."),
    ("The chance of a miss is 1/5", "The chance of a miss is one in five."),
    ("The chance of a miss is 1/5", "The chance of a miss is 1 in 5."),
    ("Part 4 is about trade", "Part IV is about trade."),
    ("The stadium seats 48,500 people", "The stadium seats 48'500 people."),
]
WRONG = [
    ("The stadium seats 48,500 people", "The stadium seats 45,800 people."),
    ("The stadium seats 48,500 people", "The stadium seats 48 600 people."),
    ("The tank loses 3.5 litres every hour", "The tank loses 5.3 litres every hour."),
    ("The tank loses 3.5 litres every hour", "The tank loses four and a half litres every hour."),
    ("A byte has 256 values", "A byte has 2^7 values."),
    ("The galaxy holds 10^9 suns", "The galaxy holds 10^6 suns."),
    ("The city has 4 million inhabitants", "The city has 4 billion inhabitants."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at 80 degrees Celsius."),
    ("Nitrogen tanks are kept at -80 degrees Celsius", "Nitrogen tanks are kept at 20 degrees below zero."),
    ("An ant has six legs", "An ant has eight legs."),
    ("The ferry costs $12", "The ferry costs €12."),
    ("The ferry costs $12", "The ferry costs 12 euros."),
    ("The ferry costs €1,200", "The ferry costs £1200."),
    ("The bridge is 2.4 km long", "The bridge is 2.4 m long."),
    ("The parcel weighs 750 g", "The parcel weighs 750 kg."),
    ("The dough rests for 90 minutes", "The dough rests for 90 seconds."),
    ("The dough rests for 90 minutes", "The dough rests for two hours."),
    ("Mould appears within 24 hours", "Mould appears within a week."),
    ("The dough rests for 90 minutes", "The dough rests for two hours and thirty minutes."),
    ("The chance of a miss is 1/5", "The chance of a miss is one in three."),
    ("The fourth phase is delivery", "Phase 5 is delivery."),
    ("Drivers aged at least 21 may rent a van", "Drivers aged at most 21 may rent a van."),
    ("Rents rose by 4.5 percent in spring", "Rents rose by five and a half percent in spring."),
]


def credit_and_status(point: str, answer: str) -> tuple[float | None, str]:
    grader = Grader([Rubric(question_id="q", question="What is said?", points=(RubricPoint(id="p", text=point),))])
    graded = grader.grade(Answer(answer_id="a", question_id="q", answer=answer)).points[0]
    return graded.credit, graded.status


@pytest.mark.parametrize(("point", "answer"), RIGHT)
def test_a_right_number_written_otherwise_earns_the_point(point: str, answer: str) -> None:
    credit, status = credit_and_status(point, answer)
    assert status != "contradicted"
    assert credit is not None
    assert credit >= 0.7


@pytest.mark.parametrize(("point", "answer"), WRONG)
def test_a_wrong_number_unit_or_currency_contradicts_the_point(point: str, answer: str) -> None:
    assert credit_and_status(point, answer) == (0.0, "contradicted")
