/** Every text of the page, in one place, so that another language is another object like this. */

const english = {
  language: "en",
  title: "mainshock",
  nav: { label: "Views", live: "Live", events: "Events", stations: "Stations", faults: "Faults", shaking: "Shaking" },
  skip: "Skip to the content",
  loading: "Loading …",
  back: "All events",
  none: "none",
  unknown: "unknown",
  synthetic: "Synthetic records: none of this happened",
  uncertainty: "± is one standard deviation.",

  status: {
    label: "State of the service",
    connecting: "Connecting …",
    open: "Page connected",
    waiting: "Connection lost; trying again …",
    closed: "Closed",
    source: "Source",
    data: "Data to",
    noData: "No data yet",
    stored: "Stored records",
    storedTo: "Stored records to",
    service: {
      ready: () => "",
      starting: () => "The service is starting.",
      stopping: () => "The service is stopping.",
      degraded: (reason: string) => `Not all works: ${reason}`,
    },
    delay: (span: string) => `${span} behind`,
    replay: "Replay of past records",
    live: "Live",
    problem: (text: string) => `Not all could be read: ${text}`,
    unauthorised: "a token is needed. Open the page with ?token=TOKEN at the end of its address.",
  },

  traces: {
    title: "Traces",
    window: "Window",
    minutes: (count: number) => `${count} min`,
    pause: "Pause",
    resume: "Resume",
    paused: "Paused",
    show: "Show",
    vertical: "vertical of each station",
    all: "all channels",
    find: "Find",
    findExample: "e.g. UH3",
    count: (shown: number, all: number) => `${shown} of ${all} channels`,
    noTraces: "No records have arrived yet.",
    noMatch: "No channel matches.",
    stored: "Nothing is live here: these are the stored records of an earlier run.",
    storedEvents: "See its events",
    legendP: "P probability and picks",
    legendS: "S probability and picks",
    legendBand: "Bar around a pick: ± one standard deviation of its time. Right scale: probability.",
    amplitude: (value: string) => `± ${value} counts`,
    behind: (span: string) => `${span} behind`,
    rowLabel: (trace: string, picks: number) =>
      `${trace}: record with P and S probability, ${picks} ${picks === 1 ? "pick" : "picks"} in view`,
    timeAxis: "Time (UTC)",
  },

  picks: {
    title: "Latest picks",
    none: "No picks yet.",
    time: "Time (UTC)",
    station: "Station",
    phase: "Phase",
    probability: "Probability",
    status: "Status",
    model: "Picker",
  },

  map: {
    label: "Map of stations and epicentres",
    posteriorLabel: "Map of where this event may lie",
    noWebGl: "This browser draws no WebGL, so there is no map; the tables hold the same numbers.",
    colour: "Colour of events",
    byAge: "by age",
    byDepth: "by depth",
    ages: ["last 10 min", "last hour", "last day", "older"],
    depths: ["0 km", "10 km", "30 km", "100 km", "300 km"],
    sizes: "size by magnitude, small where there is none",
    stations: { current: "data < 30 s old", late: "< 5 min", silent: "older", stored: "stored data", none: "no data" },
    regions: "Lines: 50, 68 and 95 % of the posterior",
    regionsOfNewest: "Lines: 50, 68 and 95 % of the newest event's posterior",
    samples: "Dots: draws from the posterior",
    credit: "Base map: Natural Earth",
    fit: "Show all",
  },

  faults: {
    title: "Fault efficiency",
    explanation:
      "How much of the displacement across a fault zone slips on mapped faults, estimated from the " +
      "shape of their traces; the rest deforms the ground between them.",
    file: "Traces (GeoJSON)",
    pixel: "Pixel (m)",
    ask: "Estimate",
    noGeoJson: (name: string) => `${name} is no GeoJSON; send traces as LineStrings.`,
    efficiency: "kinematic efficiency",
    along: "distance along the fault (km)",
    band: "nine in ten",
    model: (name: string) => `model: ${name}`,
    noPlace: "These traces are in a local frame, so the map cannot show them.",
    window: (ke: string, low: string, high: string) => `${ke}, nine in ten from ${low} to ${high}`,
    chartLabel: (count: number, lowest: string, highest: string) =>
      `Efficiency of ${count} windows along the fault, from ${lowest} to ${highest}, with bands`,
  },

  shaking: {
    title: "Shaking of a scenario",
    eventTitle: "Shaking",
    explanation:
      "How strongly the ground would shake around an earthquake that might be: the median of what a " +
      "model expects, and how far single records lie from it.",
    magnitude: "Magnitude",
    magnitudeSd: "± (standard deviation)",
    longitude: "Longitude (°)",
    latitude: "Latitude (°)",
    depth: "Depth (km)",
    ask: "Map",
    measure: "Measure",
    none: (reason: string) => `There is no map of this event: ${reason}.`,
    contours: (unit: string) => `Lines of equal median (${unit})`,
    edge: "dashed: beyond it the model extrapolates",
    strongest: "Strongest median",
    spread: "One record in three lies outside a factor of",
    epistemic: "of which lack of knowledge",
    model: (name: string) => `model: ${name}`,
    forMagnitude: (magnitude: string, draws: number) =>
      draws > 1 ? `for M ${magnitude}, over ${draws} possible sources` : `for M ${magnitude}`,
    measures: { ln_pga: "PGA", ln_pgv: "PGV" } as Record<string, string>,
    psa: (period: string) => `PSA at ${period} s`,
    fas: (frequency: string) => `Fourier amplitude at ${frequency} Hz`,
    label: "Map of shaking",
  },

  segment: {
    layer: "Megathrust segments",
    probability: "probability that a segment's largest earthquake reaches M 8.0",
    opacity: "fainter: less like what the model learned from",
    noneShipped: "No assessed segments come with this installation.",
    title: "Nearest subduction segment",
    name: "Segment",
    away: (name: string, distance: string) => `${name}, ${distance} km from the epicentre`,
    chance: "Probability of M 8.0",
    notRuledOut: "Classes not ruled out",
    classes: ["below M 8.0", "M 8.0 or more"],
    or: " or ",
    applicability: "Applicability",
    notApplicable: "this segment is unlike what the model learned from; read nothing into its probability",
    seen: "Largest magnitude seen",
    noneSeen: "none seen",
    summary: (name: string, probability: string, classes: string, isApplicable: boolean) =>
      `${name}: probability ${probability} that its largest earthquake reaches M 8.0; not ruled ` +
      `out: ${classes}. A potential classification, not a forecast.` +
      (isApplicable ? "" : " The segment is unlike what the model learned from."),
  },

  events: {
    title: "Events",
    latest: "Latest events",
    none: "No events yet.",
    noMatch: "No event is of this quality.",
    time: "Origin time (UTC)",
    magnitude: "Magnitude",
    depth: "Depth",
    place: "Epicentre",
    quality: "Quality",
    picks: "Picks",
    status: "Status",
    version: "Version",
    filter: "Quality",
    all: "all",
    orBetter: (grade: string) => (grade === "A" ? "A only" : `${grade} or better`),
    preliminary: "preliminary",
    settled: "settled",
    cancelled: "withdrawn",
    synthetic: "synthetic",
    noMagnitude: "none",
    count: (count: number) => `${count} ${count === 1 ? "event" : "events"}`,
    more: "All events",
    ago: (span: string) => `${span} ago`,
    agoTitle: "before now; of a replay, before the newest data",
  },

  qualities: {
    A: "well constrained",
    B: "constrained",
    C: "roughly located",
    D: "detected, hardly located",
  } as Record<string, string>,

  detail: {
    notFound: "There is no such event.",
    preliminary:
      "Preliminary: made as early as possible, and likely to change as more records arrive.",
    cancelled: "Withdrawn: this is what was told before.",
    whatIsKnown: "What is known",
    originTime: "Origin time (UTC)",
    latitude: "Latitude",
    longitude: "Longitude",
    depth: "Depth",
    depthNote: "below sea level",
    magnitude: "Magnitude",
    magnitudeOf: (count: number) => `from ${count} ${count === 1 ? "station" : "stations"}`,
    stationSpread: "Spread over stations",
    mad: (value: string) => `${value} (median absolute deviation)`,
    region68: "68 % region",
    region95: "95 % region",
    quality: "Quality",
    picks: "Picks",
    ofStations: (picks: number, stations: number) =>
      `${picks} at ${stations} ${stations === 1 ? "station" : "stations"}`,
    gap: "Azimuthal gap",
    rms: "Residuals, root mean square",
    velocity: "Velocity model",
    models: "Made by",
    modes: "Separate places allowed",
    draws: "Independent draws",
    issued: "This version made",
    caution: "What limits the trust",
    noCaution: "No flag was raised.",
    noteOf: (name: string, text: string) => `${name[0]?.toUpperCase()}${name.slice(1)}: ${text}.`,
    doubtful: (phase: string, station: string, residual: string, probability: string) =>
      `${phase} at ${station} hardly fits (residual ${residual} s) and counts little: it belongs ` +
      `to this event with probability ${probability}.`,
    flag: (name: string) => `Flag: ${name.replaceAll("_", " ")}.`,
    where: "Where it may lie",
    depthHistogram: "How deep it may lie",
    depthHistogramLabel: (low: string, high: string) =>
      `Histogram of depth over the posterior; 95 % lies between ${low} and ${high} km`,
    depthRange: (low: string, high: string) => `95 % lies between ${low} and ${high} km.`,
    depthAxis: "Depth (km)",
    shareAxis: "share of the posterior",
    noPosterior: "No draws are kept for this event.",
    arrivals: "Arrivals",
    station: "Station",
    phase: "Phase",
    time: "Time (UTC)",
    distance: "Distance",
    azimuth: "Azimuth",
    residual: "Residual",
    inlier: "Belongs to event",
    probability: "Pick probability",
    stationMagnitudes: "Magnitudes of the stations",
    outlier: "outlier",
    versions: "Versions",
    change: "Change",
    reason: "Reason",
    kinds: { new: "new", update: "update", cancel: "withdrawn" },
    alerts: "Alerts",
    alertRule: "Rule",
    alertChannel: "Sent by",
    downloads: "Take it along",
    quakeml: "QuakeML",
    json: "JSON",
    picksJson: "Picks (JSON)",
    geojson: "Posterior (GeoJSON, JSON)",
    failed: (text: string) => `Could not be read: ${text}`,
  },

  stations: {
    title: "Stations",
    none: "No station has sent data yet.",
    trace: "Instrument",
    channels: "Channels",
    state: "State",
    rate: "Rate",
    last: "Last sample (UTC)",
    age: "Age",
    latency: "Latency on arrival",
    gaps: "Gaps",
    gapsValue: (count: number, length: string, channels: number) =>
      count === 0 ? "0" : `${count}, ${length} ${channels > 1 ? "(sum of its channels)" : "in all"}`,
    packets: "Packets",
    states: { current: "current", late: "late", silent: "silent", stored: "stored", none: "no data" },
    ageNote: "Age counts to now; of a replay, to the newest data of all stations.",
    kinds: {
      ok: "good",
      late: "late",
      duplicate: "duplicate",
      overlap: "overlapping",
      corrupt: "corrupt",
      truncated: "truncated",
      clock: "wrong clock",
      unknown: "unknown",
    } as Record<string, string>,
  },

  /** What a flag means to a reader; the same sentences as in the report. */
  flags: {
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
  } as Record<string, string>,
};

export type Messages = typeof english;
export const messages: Messages = english;
