"""A run looked back on: its rows fetched and put together as its report."""

from sqlalchemy import func, select

from lms.database import db
from lms.exercises.aftermath import Entered, Left, Lesson, Report, report
from lms.exercises.conducting import state_of
from lms.exercises.counting import given
from lms.exercises.models import DecisionRow, LessonLearned, Run, TakingPart, Thought


def looked_back(run: Run) -> Report:
    """The report of a run as it stands; what was counted or noted after the end is in it."""
    state = state_of(run.id)
    decisions = db.session.scalars(select(DecisionRow).where(DecisionRow.run_id == run.id))
    thoughts = db.session.execute(select(Thought.about, Thought.words).where(Thought.run_id == run.id))
    took_part = select(func.count()).select_from(TakingPart).where(TakingPart.run_id == run.id)
    return report(
        state,
        Left(
            given=given(run, state.exercise.tasks),
            versions=[
                Entered(task=one.task, round=one.round, team=one.team, number=one.number, answer=one.answer, at=one.at)
                for one in decisions
            ],
            thoughts=[(one.about, one.words) for one in thoughts],
            lessons=[Lesson(one.words, one.owner, one.until) for one in lessons_of(run)],
            took_part=db.session.scalar(took_part) or 0,
        ),
    )


def lessons_of(run: Run) -> list[LessonLearned]:
    """What its trainers wrote down, in their order."""
    kept = select(LessonLearned).where(LessonLearned.run_id == run.id).order_by(LessonLearned.number)
    return list(db.session.scalars(kept))
