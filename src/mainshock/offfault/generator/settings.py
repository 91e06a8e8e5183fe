"""What the generator draws for each run, and from which ranges."""

from dataclasses import dataclass

from mainshock.core.errors import SettingsError

__all__ = ["GROWTHS", "PHYSICS", "GeneratorSettings", "Range"]

GROWTHS, PHYSICS = ("schedule", "stress"), ("scalar", "plane-stress")

Range = tuple[float, float]
"""Least and largest value of a uniform draw."""


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """Ranges of the physics, the fault growth and the camera; lengths in pixels.

    A pixel is the step of the laboratory's displacement grid, about 1.14 mm. Times are shares of
    the displacement at which one fault goes through.

    Parameters
    ----------
    n_rows, n_columns
        Size of the sheet across and along strike.
    frames_per_run
        Moments of a run at which a map is taken.
    time_range
        First and last moment.
    coupling_px
        Length over which the sheet follows its base: 25 mm of clay are 22 px.
    band_half_width_px
        Half width of the moving base's shear under an elastic band; ``split_half_width_px`` under
        two plates.
    young_weakness, mature_weakness
        How much weaker than the sheet a fault is at its birth, and once all that it is connected
        with is ``mature_length_px`` long; drawn uniformly in the logarithm.
    threshold
        Curl, as share of the applied velocity per pixel, from which a pixel is mapped as fault.
    local_contrast
        Share of the curl around a pixel that is taken away before the threshold; 0 is a fixed one.
    blur_px, noise
        Camera: Gaussian blur, and noise as share of the applied velocity where nothing shears.
    shear_noise
        Noise that is added where subsets of the image shear, as share of the change of the velocity
        across them.
    share_thick
        Share of runs whose lines are drawn a pixel wider on each side than they were mapped: the
        width of lines on a map says nothing of the slip.
    growth
        ``schedule``: faults grow by the clock; ``stress``: tips move where the resolved shear
        stress exceeds the strength.
    physics
        ``scalar``: motion along strike alone; ``plane-stress``: both components.
    """

    n_rows: int = 135
    n_columns: int = 313
    frames_per_run: int = 10
    time_range: Range = (0.12, 1.8)
    coupling_px: Range = (18.0, 21.0)
    band_half_width_px: Range = (5.5, 7.5)
    split_half_width_px: Range = (0.5, 2.0)
    young_weakness: Range = (3.0, 4.0)
    mature_weakness: Range = (300.0, 600.0)
    mature_length_px: Range = (85.0, 105.0)
    threshold: Range = (0.007, 0.009)
    local_contrast: Range = (0.7, 0.9)
    blur_px: Range = (0.3, 0.45)
    noise: Range = (0.005, 0.009)
    shear_noise: Range = (0.007, 0.013)
    share_thick: float = 0.25
    growth: str = "schedule"
    physics: str = "scalar"

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises
        ------
        SettingsError
            If the sheet is smaller than a window, or a range runs backwards.
        """
        if self.n_rows < 130 or self.n_columns < 64:
            raise SettingsError(
                f"a sheet of {self.n_rows} x {self.n_columns} holds no window; "
                "give 130 x 64 or more"
            )
        if self.frames_per_run < 1:
            raise SettingsError(f"{self.frames_per_run} frames a run; give 1 or more")
        for chosen, known in ((self.growth, GROWTHS), (self.physics, PHYSICS)):
            if chosen not in known:
                raise SettingsError(f"{chosen!r} is not known; give {' or '.join(known)}")
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple) and value[0] > value[1]:
                raise SettingsError(f"{name} runs from {value[0]} to {value[1]}; swap them")
