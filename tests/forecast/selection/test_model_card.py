"""The card of a fitted model says what it holds for and what was not measured."""

import sys
from pathlib import Path

from mainshock.forecast.selection.fitting import FitRequest, fit_prepared, prepare_fit, with_info
from mainshock.forecast.selection.model_card import model_card, write_card

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_catalogue


def test_the_card_of_an_unvalidated_model_says_so(tmp_path):
    prepared = prepare_fit(made_catalogue(), FitRequest(start="0", end="1500"))
    model = fit_prepared("poisson-adaptive", prepared, catalogue_name="mine.csv")
    write_card(tmp_path, model, [("Further", "text")])
    card = (tmp_path / "card.md").read_text()
    for wanted in (
        "Not validated",
        "mine.csv",
        "rate_per_day",
        "## Further",
        "magnitude 3 or more",
    ):
        assert wanted in card
    tested = with_info(model, validated={"igpe": 0.4}, is_synthetic=True, warnings=("take care",))
    card = model_card(tested)
    assert "Not validated" not in card
    assert "SYNTHETIC" in card
    assert "- take care" in card
