"""What all values with a unit share: how they are read from a document, and shown to editors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Quantity:
    """A number with a unit, written as text. `FORM` is what may be written, as a regular expression."""

    __slots__ = ()

    FORM: ClassVar[str]
    DESCRIPTION: ClassVar[str]

    @classmethod
    @abstractmethod
    def parse(cls, written: object) -> Self:
        """Read it.

        Raises:
            PydanticCustomError: It is not written so; the error says how.
        """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{cls.FORM}$", "description": cls.DESCRIPTION}
