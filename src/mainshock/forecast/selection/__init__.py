"""Which model forecasts best: compared in order of time, by what each says of later rows."""

__all__: list[str] = []
