"""Contradictions between one statement and one point."""

import pytest

from grader.guards.claims import parse_claim
from grader.guards.contradiction import check_point, find_contradiction


def finding(point: str, statement: str) -> str | None:
    found = find_contradiction(parse_claim(point), parse_claim(statement))
    return None if found is None else found.kind


@pytest.mark.parametrize(
    ("point", "statement", "kind"),
    [
        (
            "Dropout disables random units during training",
            "Dropout does not disable random units during training",
            "negation",
        ),
        (
            "Dropout disables random units during training",
            "In training dropout never disables random units",
            "negation",
        ),
        ("ReLU does not saturate for positive inputs", "ReLU saturates for positive inputs", "negation"),
        ("The cache can't hold stale entries", "The cache can hold stale entries", "negation"),
        ("A large learning rate makes training diverge", "A small learning rate makes training diverge", "opposite"),
        ("Warm-up increases the step size slowly", "Warm-up decreases the step size slowly", "opposite"),
        ("The loss is convex in the weights", "The loss is nonconvex in the weights", "opposite"),
        ("Merge sort is stable", "Merge sort is unstable", "opposite"),
        ("The search takes O(log n) steps", "The search takes O(n) steps", "number"),
        ("The window holds 512 tokens", "The window holds 1,024 tokens", "number"),
        ("The call returns after 40 ms", "The call returns after 40 s", "number"),
        ("All replicas see every write", "Some replicas see every write", "quantifier"),
        ("The planner feeds the scheduler", "The scheduler feeds the planner", "roles"),
        ("A mutex is slower than a spin lock", "A spin lock is slower than a mutex", "roles"),
        ("Reading needs more time than writing", "Writing needs more time than reading", "roles"),
        ("A warm cache saves the slow disk", "The slow disk saves a warm cache", "roles"),
        ("The kiln reaches 0.5 of its heat at noon", "The kiln reaches 0.7 of its heat at noon", "number"),
        ("One small pot loses nearly zero heat", "One small pot loses nearly one heat", "number"),
        ("The cubic bound beats the cubic guess", "The linear bound beats the cubic guess", "number"),
        ("The lamp switches on", "The lamp switches off", "opposite"),
        (
            "A larger crate calls for a larger van",
            "A smaller crate calls for a larger van, says a large firm",
            "opposite",
        ),
    ],
)
def test_finds_what_denies_a_point(point: str, statement: str, kind: str) -> None:
    assert finding(point, statement) == kind


@pytest.mark.parametrize(
    ("point", "statement"),
    [
        ("Dropout disables random units during training", "Dropout disables random units during training"),
        ("Dropout disables random units during training", "Dropout not only disables random units during training"),
        ("ReLU does not saturate for positive inputs", "For positive inputs ReLU doesn't saturate"),
        ("The split is not unfair", "The split is fair"),
        ("The answer was not wrong", "The answer was right"),
        ("The longer the string, the lower the pitch", "The shorter the string, the higher the pitch"),
        ("The window holds 512 tokens", "The window holds five hundred and 512 tokens"),
        ("It has 3 layers", "It has three layers"),
        ("Half of the units are dropped", "50 % of the units are dropped"),
        ("The delay is 1000 ms", "The delay is 1 s"),
        ("The gradient is clipped by its norm", "Its norm is what clips the gradient"),
        ("The generator fools the discriminator", "The discriminator is fooled by the generator"),
        (
            "Dropout disables units so that no unit relies on another",
            "Dropout disables units, so none relies on another",
        ),
        ("Precision counts false alarms", "The weather is not bad in June"),
        # Numbers: as far as the rougher one's digits go, and not those of calculations and examples.
        ("The chance of rain is 0.27648", "The chance of rain is 0.2765"),
        ("The chance of rain is 0.014", "The chance of rain is 0,0138"),
        ("The chance of rain is 0.8208", "The chance of rain is 82,08 %"),
        ("The chance of rain is 15 * 0.02 + 6 * 0.03", "The chance of rain is 3 * 0.16"),
        ("The chance of rain is 0.3", "The chance of rain is 0.6 * 0.5"),
        ("The ditch shrinks, e.g. from 300 m to 30 m", "The ditch shrinks, e.g. from 90 m to 9 m"),
        ("The ditch is 40 meters wide", "The ditch is 40 wide, for 20 meters are added to it"),
        # Both opposites, each with its own claim.
        ("The longer the rope, the fewer the swings", "If the rope is short more swings, if it is long fewer swings"),
        ("The bell jar shrinks by half", "The bell jar gets reduced by half as the speed is increased"),
        ("Tea is more specific than soup", "Soup is more generic than tea"),
        # Small words belong to what stands beside them.
        ("The face off happens in Rome", "They face each other in Rome, it happens on Monday"),
        ("Ada is the person behind the great show", "Ada is the person to see ahead of Sunday's great show"),
        # Denied in other words, in a list, or by a contrast.
        ("No loss, doubling or delay of parcels", "This prevents loss, doubling or delay of parcels"),
        ("No loss, doubling or delay of parcels", "No loss, no doubling and no delay of parcels"),
        ("Fields in the letter and not the card: the stamp", "Fields such as the stamp in the letter, not in the card"),
        ("No, fruity cookies are not pure sugar", "No fruity cookies are not pure sugar"),
        ("A nonrigid frame carries a rigid roof", "A non rigid frame carries a rigid roof"),
        ("The guard falls asleep at noon", "The guard falls into sleep at noon"),
        ("Ants rest, bees don't", "Ants rest, bees dont rest"),
        ("No one was hurt in the fall", "Nobody was hurt in the fall"),
        # Words in another order.
        ("City has been linked with a move for Ada", "Ada has been linked with a move to City"),
        ("Little vitamin c leaves the dye blue", "The dye stays blue because little vitamin c leaves it so"),
        ("", "Nothing to compare"),
    ],
)
def test_leaves_honest_statements_alone(point: str, statement: str) -> None:
    assert finding(point, statement) is None


def test_shows_the_telling_words() -> None:
    statement = parse_claim("As far as I know dropout doesn't disable random units during training.")
    found = find_contradiction(parse_claim("Dropout disables random units during training"), statement)
    assert found is not None
    assert statement.text[found.start : found.end] == "doesn't disable"
    assert found.certain


def test_a_quantifier_is_not_certain() -> None:
    found = find_contradiction(
        parse_claim("All replicas see every write"), parse_claim("Some replicas see every write")
    )
    assert found is not None
    assert not found.certain


def test_another_case_is_not_certain() -> None:
    found = find_contradiction(
        parse_claim("The key sticks to the magnet"), parse_claim("If it does not stick to the magnet, the key is gold")
    )
    assert found is None or not found.certain


def test_a_number_that_stands_elsewhere_too_is_not_certain() -> None:
    point = (parse_claim("9 minutes"),)
    checked = check_point(
        point, [parse_claim("Baking takes five minutes"), parse_claim("so 9 minutes in all")], [0.9, 0.9], [None, None]
    )
    assert checked.finding is None or not checked.finding.certain


def test_looks_beyond_the_best_segment() -> None:
    point = (parse_claim("Batch size changes the noise of the gradient"),)
    said = [
        parse_claim("Batch size changes the noise of the gradient"),
        parse_claim("Batch size does not change the noise of the gradient"),
        parse_claim("The weather does not change"),
    ]
    checked = check_point(point, said, [0.95, 0.93, 0.2], [None, None, None])
    assert checked.finding is not None
    assert checked.segment == 1


def test_agreeing_with_an_alias_is_no_contradiction() -> None:
    wordings = (parse_claim("Sorting is stable"), parse_claim("Sorting is not unstable"))
    assert check_point(wordings, [parse_claim("The sorting is stable")], [0.9], [None]).finding is None


def test_far_segments_do_not_count() -> None:
    point = (parse_claim("Caches speed up reads"),)
    said = [parse_claim("Reads get faster thanks to caches"), parse_claim("Caches do not speed up reads")]
    assert check_point(point, said, [0.9, 0.3], [None, None]).finding is None


def test_the_verifier_speaks_where_the_rules_are_silent() -> None:
    point = (parse_claim("Caches speed up reads"),)
    said = [parse_claim("Caches bring reads to a crawl")]
    assert check_point(point, said, [0.8], [0.95]).finding is not None
    assert check_point(point, said, [0.8], [0.5]).finding is None


def test_the_verifier_is_not_believed_against_a_denied_opposite() -> None:
    point, said = [parse_claim("The loop is unsafe.")], [parse_claim("That loop is not safe.")]
    assert check_point(point, said, [0.9], [0.99]).finding is None


def test_a_verifier_that_is_sure_of_the_contrary_takes_an_opposite_back() -> None:
    point, said = [parse_claim("The cache is stable under load.")], [parse_claim("Under load the cache is unstable.")]
    assert check_point(point, said, [0.9], [0.5]).finding is not None
    assert check_point(point, said, [0.9], [0.01]).finding is None
