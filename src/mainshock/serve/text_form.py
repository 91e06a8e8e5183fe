"""Texts that must be written in one form, with errors that say it in words."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

__all__ = ["TextForm"]


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a text must be written, for ``Annotated``; errors say it in words.

    Parameters
    ----------
    pattern
        Regular expression, for programs.
    remedy
        For people: how to write it.
    """

    pattern: str
    remedy: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return how pydantic checks such a text."""
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return how OpenAPI describes it."""
        return {**handler(schema), "pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if re.search(self.pattern, text) is None or text.endswith("\n"):
            raise PydanticCustomError("text_form", "{remedy}", {"remedy": self.remedy})
        return text
