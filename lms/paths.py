"""Where templates, material, migrations and the instance folder lie: in a checkout, an editable install or a wheel."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "setup.cfg").exists() else None


def _folder(name: str) -> Path:
    return CHECKOUT / name if CHECKOUT else PACKAGE / name


TEMPLATES = _folder("templates")
MODULES = _folder("modules")
MIGRATIONS = _folder("migrations")
TRANSLATIONS = PACKAGE / "translations"
STATIC = PACKAGE / "static"
INSTANCE = CHECKOUT / "instance" if CHECKOUT else Path(sys.prefix) / "var" / "lms-instance"
