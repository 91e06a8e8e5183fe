"""Forecasts in words: one template, in one place, that refuses to leave out what a reader needs.

Chances below 1 % and above 99 % are told as such; no number has more than two significant digits;
each chance stands with the long-term chance of such a window.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.rate_forecast import ForecastRow, RateForecast
from mainshock.core.sentences import Sentences
from mainshock.core.times import require_utc
from mainshock.forecast import sentences
from mainshock.forecast.wording_texts import GERMAN, SPANISH

__all__ = [
    "LANGUAGES",
    "ForecastStatement",
    "chance_text",
    "frequency_text",
    "multiple_text",
    "number_text",
    "range_text",
    "statements_of",
    "with_sentences",
]

_REGIONS = Sentences((sentences.REGION_BOX, sentences.REGION_CIRCLE, sentences.REGION_MAINSHOCK))
# every text of a language; a new language is a new entry with the same keys
LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "chance": (
            "Between {start} and {end}, the chance of at least one magnitude {magnitude} or larger "
            "earthquake in {region} is {chance} ({frequency}{range})."
        ),
        "reference": "The long-term chance for a window of this length is {reference}{multiple}.",
        "multiple": ", and {multiple} the long-term number is expected",
        "number": ("We expect {number} of magnitude {count_magnitude} or larger (95 % range)."),
        "generic": "This comes from parameters of many regions, not of this one.",
        "not_validated": "The model was not validated for windows of this length.",
        "source": "Issued {issued} by {model} with data up to {cut_off}.",
        "research": "This is a research result, not an official forecast.",
        "caution": ("Earthquakes cannot be predicted; this number will change as new data arrive."),
        "retrospective": "This was made after its window had opened.",
        "agency": "Source of official advice: {agency}.",
        "about": "about {number}",
        "percent": "{number} %",
        "below": "less than 1 %",
        "above": "more than 99 %",
        "one_in": "roughly 1 in {n}",
        "many_in": "roughly {k} in {n}",
        "less_than_one_in": "less than 1 in {n}",
        "more_than_in": "more than {k} in {n}",
        "chance_range": "; range {low} to {high}",
        "counts": "{low} to {high} earthquakes",
        "no_counts": "no earthquake",
        "few_counts": "at most {high} earthquakes",
        "one_count": "at most 1 earthquake",
        "times": "about {number} times",
        "time": "%Y-%m-%d %H:%M UTC",
        **{one.code: one.plain_text for one in _REGIONS.known},
    },
    "de": GERMAN,
    "es": SPANISH,
}
_LOWEST, _HIGHEST = 0.01, 0.99
_LEAST_MULTIPLE = 0.01
_NEEDED = (
    *("region", "magnitude", "start", "end", "issued", "cut_off", "model"),
    *("probability", "reference_probability", "agency"),
)


def _texts(language: str) -> Mapping[str, str]:
    if language not in LANGUAGES:
        raise SettingsError(f"no texts in {language!r}; there are {', '.join(sorted(LANGUAGES))}")
    return LANGUAGES[language]


def number_text(value: float) -> str:
    """Return a number with at most two significant digits, without an exponent.

    Examples
    --------
    >>> number_text(0.0347), number_text(27.4), number_text(1234.0), number_text(0.30)
    ('0.035', '27', '1200', '0.3')
    """
    if value == 0 or not math.isfinite(value):
        return "0"
    digits = 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    if digits <= 0 or rounded == int(rounded):
        return f"{rounded:.0f}"
    return f"{rounded:.{digits}f}".rstrip("0")


def chance_text(probability: float, language: str = "en") -> str:
    """Return a chance in percent; below 1 % and above 99 % no number is told.

    Examples
    --------
    >>> chance_text(0.2713), chance_text(0.0004), chance_text(0.999), chance_text(0.0347)
    ('27 %', 'less than 1 %', 'more than 99 %', '3.5 %')
    """
    texts = _texts(language)
    if probability < _LOWEST:
        return texts["below"]
    if probability > _HIGHEST:
        return texts["above"]
    return texts["percent"].format(number=number_text(100.0 * probability))


def frequency_text(probability: float, language: str = "en") -> str:
    """Return a chance as a natural frequency.

    Examples
    --------
    >>> frequency_text(0.0347), frequency_text(0.27), frequency_text(0.96), frequency_text(0.5)
    ('roughly 1 in 29', 'roughly 1 in 4', 'roughly 96 in 100', 'roughly 1 in 2')
    >>> frequency_text(0.0004), frequency_text(0.9999)
    ('less than 1 in 100', 'more than 99 in 100')
    """
    texts = _texts(language)
    if probability < _LOWEST:
        return texts["less_than_one_in"].format(n=100)
    if probability > _HIGHEST:
        return texts["more_than_in"].format(k=99, n=100)
    if probability <= 0.4 or 0.475 <= probability <= 0.525:
        return texts["one_in"].format(n=number_text(round(1.0 / probability)))
    n = 10 if probability <= 0.945 else 100
    return texts["many_in"].format(k=round(n * probability), n=n)


def _region_text(region: str | None, language: str) -> str:
    """Return where a forecast is of; a name stays as it is."""
    told = _REGIONS.told(region or "")
    return told.text if told.code is None else _texts(language)[told.code].format(**told.values)


def multiple_text(multiple: float, language: str = "en") -> str:
    """Return how many times the long-term number is expected.

    Examples
    --------
    >>> multiple_text(137.0), multiple_text(0.42)
    ('about 140 times', 'about 0.42 times')
    """
    return _texts(language)["times"].format(number=number_text(max(multiple, _LEAST_MULTIPLE)))


def range_text(low: int, high: int, language: str = "en") -> str:
    """Return a range of numbers of earthquakes.

    Examples
    --------
    >>> range_text(0, 0), range_text(0, 1), range_text(0, 5), range_text(12, 34)
    ('no earthquake', 'at most 1 earthquake', 'at most 5 earthquakes', '12 to 34 earthquakes')
    """
    texts = _texts(language)
    if high <= 0:
        return texts["no_counts"]
    if low <= 0:
        return texts["one_count" if high == 1 else "few_counts"].format(high=number_text(high))
    return texts["counts"].format(low=number_text(low), high=number_text(high))


@dataclass(frozen=True, slots=True)
class ForecastStatement:
    """One chance with all that must be told beside it.

    Parameters
    ----------
    region
        In words that go on from "in".
    magnitude
        From this one on.
    start, end, issued, cut_off
        The window; when the forecast was made; up to when data were known, UTC.
    model, agency
        What made it, and where official advice comes from.
    probability, reference_probability
        Of at least one such earthquake, in this window and in one of its length in the long term.
    probability_low, probability_high
        Range that the uncertainty of the model leaves; None where it is not known.
    multiple
        Expected number over that of the long term; None where it is not known.
    count_magnitude, count_low, count_high
        Range of the number of earthquakes of at least a magnitude; None: it is not told.
    is_validated, is_generic, is_retrospective
        As of :class:`mainshock.core.rate_forecast.ForecastRow` and the forecast.
    """

    region: str | None = None
    magnitude: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    issued: datetime | None = None
    cut_off: datetime | None = None
    model: str | None = None
    agency: str | None = None
    probability: float | None = None
    reference_probability: float | None = None
    probability_low: float | None = None
    probability_high: float | None = None
    multiple: float | None = None
    count_magnitude: float | None = None
    count_low: int | None = None
    count_high: int | None = None
    is_validated: bool = False
    is_generic: bool = False
    is_retrospective: bool = False

    def missing(self) -> list[str]:
        """Return what must be told and is not known."""
        return [name for name in _NEEDED if getattr(self, name) in (None, "")]

    def sentences(self, language: str = "en") -> list[str]:
        """Return the statement, sentence by sentence.

        Raises
        ------
        DataError
            If region, magnitude, window, issue time, cut-off, model, agency or the long-term
            chance is missing: such a forecast must not be told.
        SettingsError
            If there are no texts in that language.
        """
        missing = self.missing()
        if missing:
            raise DataError(
                f"a forecast must not be told without its {', '.join(missing)}; give them"
            )
        texts, values = _texts(language), self._values(language)
        used = ["chance", "reference"]
        if self.count_magnitude is not None and self.count_high is not None:
            used.append("number")
        used += [
            name
            for name, is_so in (
                ("generic", self.is_generic),
                ("not_validated", not self.is_validated and not self.is_generic),
                ("retrospective", self.is_retrospective),
            )
            if is_so
        ]
        used += ["source", "research", "caution", "agency"]
        return [texts[name].format(**values) for name in used]

    def text(self, language: str = "en") -> str:
        """Return the statement as one paragraph; raises as :meth:`sentences` does."""
        return " ".join(self.sentences(language))

    def _values(self, language: str) -> dict[str, Any]:  # texts and numbers
        texts = _texts(language)
        times = {
            name: require_utc(getattr(self, name), name).strftime(texts["time"])
            for name in ("start", "end", "issued", "cut_off")
        }
        probability = self.probability or 0.0
        is_plain = _LOWEST <= probability <= _HIGHEST
        chance = chance_text(probability, language)
        has_range = is_plain and None not in (self.probability_low, self.probability_high)
        return {
            **times,
            "region": _region_text(self.region, language),
            "model": self.model,
            "agency": self.agency,
            "magnitude": f"{self.magnitude:g}",
            "chance": texts["about"].format(number=chance) if is_plain else chance,
            "frequency": frequency_text(probability, language),
            "range": texts["chance_range"].format(
                low=chance_text(self.probability_low or 0.0, language),
                high=chance_text(self.probability_high or 0.0, language),
            )
            if has_range
            else "",
            "reference": chance_text(self.reference_probability or 0.0, language),
            "multiple": ""
            if self.multiple is None
            else texts["multiple"].format(multiple=multiple_text(self.multiple, language)),
            "count_magnitude": f"{self.count_magnitude or 0.0:g}",
            "number": range_text(self.count_low or 0, self.count_high or 0, language),
        }


def statements_of(forecast: RateForecast) -> list[ForecastStatement]:
    """Return a statement for each row; numbers are told of the smallest magnitude of its window."""
    smallest: dict[float, ForecastRow] = {}
    for row in forecast.rows:
        known = smallest.get(row.days)
        if known is None or row.magnitude < known.magnitude:
            smallest[row.days] = row
    return [_statement(forecast, row, smallest[row.days]) for row in forecast.rows]


def with_sentences(forecast: RateForecast, language: str = "en") -> RateForecast:
    """Return the forecast with each of its rows in words.

    Raises
    ------
    DataError
        If something is missing that must be told.
    """
    rows = tuple(
        replace(row, sentence=told.text(language))
        for row, told in zip(forecast.rows, statements_of(forecast), strict=True)
    )
    return replace(forecast, rows=rows)


def _statement(forecast: RateForecast, row: ForecastRow, counted: ForecastRow) -> ForecastStatement:
    return ForecastStatement(
        region=forecast.region,
        magnitude=row.magnitude,
        start=forecast.start,
        end=forecast.start + timedelta(days=row.days),
        issued=forecast.issued,
        cut_off=forecast.cut_off,
        model=row.model or forecast.model,
        agency=forecast.agency,
        probability=row.probability,
        reference_probability=row.reference_probability,
        probability_low=row.probability_low,
        probability_high=row.probability_high,
        multiple=row.multiple,
        count_magnitude=counted.magnitude,
        count_low=counted.expected_low,
        count_high=counted.expected_high,
        is_validated=row.is_validated,
        is_generic=row.is_generic,
        is_retrospective=forecast.is_retrospective,
    )
