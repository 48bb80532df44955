"""The material in use: loaded once at boot, asked for in the reader's language."""

from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from flask import Flask, abort, current_app, g
from flask_babel import gettext

from lms.content.loader import Training, load
from lms.content.material import Course, Lesson, Module, Quiz
from lms.paths import TRANSLATIONS


def init_app(app: Flask, root: Path) -> None:
    """Read the material, or stop with every fault in it."""
    app.extensions["training"] = read(root)


@cache
def read(root: Path) -> Training:
    """The material at `root`; a second app in this process shares the first one's values."""
    return load(root, lambda locale: _catalogue(locale).ugettext)


def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [locale])


def training() -> Training:
    found: Training = current_app.extensions["training"]
    return found


def course() -> Course:
    """The course in this request's language."""
    return training().course(g.get("locale", "en"))


def module_or_404(slug: str) -> Module:
    return course().module(slug) or abort(404)


def lesson_or_404(slug: str, lesson_id: str) -> tuple[Module, Lesson]:
    module = module_or_404(slug)
    return module, module.lesson(lesson_id) or abort(404)


def language_notes(piece: Module | Lesson | Quiz) -> list[str]:
    """What a reader must know about the language of what is shown."""
    if piece.locale != g.locale:
        return [gettext("This text is not translated yet: it is shown in English.")]
    if piece.outdated:
        return [gettext("The English text has changed since this translation was made.")]
    return []
