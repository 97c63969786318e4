"""A calibration as the sections of a report, in their order."""

from collections.abc import Sequence

from grader.calibration import Calibration
from grader.reports.blocks import Section
from grader.reports.calibration.agreement import agreement_section, data_section
from grader.reports.calibration.appendix import appendix_section
from grader.reports.calibration.planning import changes_section, pairing_section, plan_section, questions_section
from grader.reports.calibration.points import agenda_section, points_section
from grader.reports.calibration.raters import raters_section
from grader.reports.calibration.system import system_sections


def calibration_sections(found: Calibration, names: Sequence[str]) -> tuple[Section, ...]:
    """The sections with these names for the raters.

    Args:
        found: from `calibrate`.
        names: of each rater: `found.arrays.raters`, or `found.pseudonyms` for what is passed on.
    """
    return (
        data_section(found, names),
        agreement_section(found),
        raters_section(found, names),
        questions_section(found, names),
        points_section(found, names),
        agenda_section(found, names),
        pairing_section(found, names),
        plan_section(found),
        *([changes_section(found)] if found.changes else []),
        *system_sections(found),
        appendix_section(found),
    )
