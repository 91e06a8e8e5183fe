"""What a catalogue says about a place at a moment: features by a forecast clock."""

__all__: list[str] = []
