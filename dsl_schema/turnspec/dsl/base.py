"""What every model of the language shares: frozen, strict about keys, and knowing where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Protocol, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from turnspec.dsl.spans import NOWHERE, Place, Span


class Located(dict[str, Any]):
    """A mapping of a document, as plain data, that knows its place."""

    __slots__ = ("place", "read_by")

    def __init__(self, data: Mapping[str, Any], place: Place) -> None:
        super().__init__(data)
        self.place = place
        self.read_by: type[Model] | None = None

    def but(self, **changed: Any) -> Located:
        """The same mapping in the same place with some keys set."""
        return Located({**self, **changed}, self.place)


def listed(data: Located, *keys: str) -> Located:
    """The same mapping, where each of these keys that has a single value has a list of it."""
    single = {key: [data[key]] for key in keys if not isinstance(data.get(key), list | Mapping | NoneType)}
    return data.but(**single) if single else data


class Reading(Protocol):
    """What models ask of the document that is being read: it collects problems, all of them."""

    def unknown_key(self, model: type[Model], data: Located, key: str) -> None:
        """Report a key that `model` does not know."""

    def problem(
        self,
        kind: str,
        message: str,
        place: Place,
        *,
        hint: str = "",
        suggestion: str | None = None,
        key: bool = False,
    ) -> None:
        """Report something wrong at `place`; `key` points at its key, not at its value."""

    def reported(self, model: type[Model], data: Located, error: ValidationError) -> Exception:
        """Report all that validation found here, and return the error that says so to the models around."""

    def text_beside(self, place: Place, clip: str) -> str | None:
        """The words of a text file beside an audio file, where there is one."""


class Model(BaseModel):
    """A frozen part of a document. Two parts that say the same are equal wherever they were written."""

    # Built when first used: a run that reads no agent script need not pay for its models.
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, defer_build=True
    )

    WORD: ClassVar[str] = "this mapping"
    """What a tester calls it: the subject of messages."""
    NEARBY: ClassVar[frozenset[str]] = frozenset()
    """Keys of what may stand here instead: a misspelt one may be meant."""
    ELSEWHERE: ClassVar[Mapping[str, str]] = {}
    """Words that are no keys here: the key that is meant, or in a sentence where the word belongs."""

    # By a function: pydantic would copy a mere default, deeply, for every model made.
    _place: Place = PrivateAttr(default_factory=lambda: NOWHERE)

    @property
    def place(self) -> Place:
        """Where this was written: file, position and path inside the document."""
        # Asked a thousand times a scenario; pydantic's own way to a private value is much longer.
        private = self.__pydantic_private__
        return NOWHERE if private is None else private["_place"]

    @property
    def span(self) -> Span:
        """Where this was written."""
        return self._place.span

    def span_of(self, *steps: str | int) -> Span:
        """Where the value under this key was written; further steps go deeper (`"intent", 1`)."""
        return self._place.table.value((*self._place.path, *steps))

    def key_span(self, *steps: str | int) -> Span:
        """Where this key was written."""
        return self._place.table.key((*self._place.path, *steps))

    def file(self, written: str) -> Path:
        """The file that a path in this document means: relative to the document's own folder."""
        return self._place.table.folder / written

    @classmethod
    def keys(cls) -> frozenset[str]:
        """The keys that may be written here."""
        known = cls.__dict__.get("_known_keys")
        if known is None:
            known = frozenset(
                name
                for key, field in cls.model_fields.items()
                if not (name := field.alias or key).startswith("<")
            )
            cls._known_keys = known
        return known

    _known_keys: ClassVar[frozenset[str]]

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # for models with short forms
        """Turn the short forms that may be written into the long one that is validated."""
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        # Pydantic wraps a model that contains itself twice; the inner call gets what the outer made normal.
        if type(data) is not Located or info.context is None or data.read_by is cls:
            return handler(data)
        reading: Reading = info.context
        normal = cls.normal(data, reading)
        if not cls.keys().issuperset(normal):
            normal = cls._without_unknown(normal, reading)
        if normal is data:
            normal = data.but()
        normal.read_by = cls
        try:
            made = handler(normal)
        except ValidationError as error:
            raise reading.reported(cls, normal, error) from None
        made._place = data.place  # noqa: SLF001 # its own class sets it
        return made

    @classmethod
    def _without_unknown(cls, data: Located, reading: Reading) -> Located:
        known = cls.keys()
        # Keys in angle brackets are set by `normal`: nobody can write them by accident.
        unknown = [key for key in data if key not in known and not key.startswith("<")]
        for key in unknown:
            reading.unknown_key(cls, data, key)
        return Located({key: value for key, value in data.items() if key not in unknown}, data.place)
