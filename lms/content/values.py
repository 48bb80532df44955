"""The plain values that every piece of the material is made of."""

from typing import Annotated

from msgspec import Meta, Struct

Id = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Meta(min_length=1)]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1)]
Minutes = Annotated[int, Meta(ge=1, le=600)]
Percent = Annotated[int, Meta(ge=1, le=100)]
Positive = Annotated[int, Meta(ge=1)]


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of the material; equal when its parts are equal."""
