"""What a holder is asked before a paper is made: whether the name is right."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField

from lms.accounts.forms import Form


class NameIsRight(Form):
    """A tick under the name; `name` is what stood above it, so that nobody confirms another than they saw."""

    name_is_right = BooleanField(_("Yes, print it exactly like this"))
    name = HiddenField()
