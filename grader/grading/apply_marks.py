"""Corrects a grade with a model fitted to people's marks of other answers."""

from grader.flags import PLAIN_FLAGS
from grader.grading.drafts import AnswerProfile
from grader.grading.scoring import scaled_score
from grader.marks import OFF_TOPIC_FLAG, SAYS_NOTHING_FLAG, AnswerFeatures, FittedMarks
from grader.schema import FromMarks, Grade, NearMark

WIDE_FLAG = "wide_interval"


def answer_features(grade: Grade, about: AnswerProfile) -> AnswerFeatures | None:
    """The features of a graded answer that the marks model uses; `None` for an ungraded one."""
    if grade.fraction is None:
        return None
    return AnswerFeatures(
        grade.fraction, grade.flags, about.topic, about.share_beyond_question, about.vector, about.words
    )


def with_marks(grade: Grade, about: AnswerProfile | None, fitted: FittedMarks) -> Grade:
    """The grade with its score on the people's scale, and with what marks changed and why.

    A grade without a score, or of an answer that no model has read (blank, open question), stays as it is.
    """
    features = None if about is None else answer_features(grade, about)
    if features is None:
        return grade
    found = fitted.marks.correct(grade.question_id, features)
    raised = [found.bounded_by] if found.bounded_by in (OFF_TOPIC_FLAG, SAYS_NOTHING_FLAG) else []
    flags = (*grade.flags, *raised, *([WIDE_FLAG] if found.is_open else []))
    changed = FromMarks(
        before=features.fraction,
        low=found.low,
        high=found.high,
        n_marked=found.n_marked,
        nearest=tuple(
            NearMark(
                answer_id=near.answer_id,
                mark=near.mark,
                likeness=near.cosine,
                text=fitted.texts.get(near.answer_id, ""),
            )
            for near in found.nearest
        ),
        held_by=found.bounded_by,
    )
    return grade.model_copy(
        update={
            "fraction": found.fraction,
            "score": scaled_score(found.fraction, grade.max_score),
            "marks": changed,
            "flags": flags,
            "needs_review": grade.needs_review or not PLAIN_FLAGS.issuperset(flags),
        }
    )
