/** English: what a flag means to a reader; the same sentences as in the report. */

export const flags = {
  single_station:
    "Only one station recorded it: S minus P, where both are there, gives the distance, and " +
    "the particle motion of P a rough direction. Read the region, not the point.",
  distance_from_prior:
    "There are too few picks for a distance: it and the origin time come from where past " +
    "earthquakes were.",
  distance_unconstrained: "There is no S and no prior: only the direction is known.",
  duplicate_picks:
    "A phase was picked more than once at a station; the most probable pick was used.",
  s_before_p: "S comes before P at a station; one of them is wrong.",
  few_effective_draws:
    "The sampler found too few independent draws; do not rely on the regions.",
  sampler_not_finished: "The sampler stopped early; do not use this location.",
  multimodal: "The picks allow several separate places; the region has several parts.",
  mode_reported:
    "The mean of the posterior lies where the event hardly can be, so the most probable place " +
    "is reported instead.",
  depth_unconstrained:
    "The picks hardly constrain the depth; the depth stated is the middle of a wide range.",
  at_grid_edge:
    "The posterior reaches the edge of the volume searched; the true place may lie beyond.",
  few_picks: "Few picks went into the location; one wrong pick would move it far.",
  model_error_not_included:
    "The velocity model was taken as exact; the true uncertainty is larger than stated.",
  outside_network:
    "The epicentre lies outside the network (azimuthal gap above 180°), so distance from it " +
    "trades off with origin time and depth.",
  large_azimuthal_gap:
    "All stations lie within a quarter of the horizon as seen from the epicentre.",
  poor_fit:
    "Residuals are larger than the picks' uncertainties explain: a pick may be wrong, or the " +
    "velocity model does not fit.",
  weak_picks: "The picks themselves are uncertain; parts of this event may be noise.",
};
