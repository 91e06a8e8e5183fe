/** English: why a segment is classed as it is, and what is known of the place of an event. */

export const relevance = {
  context: "Context",
  noneNear: (limit: string) => `No assessed megathrust segment lies within ${limit} km of the epicentre.`,
  title: "What speaks for and against M 8.0",
  of: (name: string) => `Segment ${name}`,
  choose: "Why? Segment",
  noChoice: "choose one, or click on the map",
  why: "Why?",
  none: "This segment was not explained.",
  speaksFor: "for M 8.0 or more",
  against: "against",
  others: (count: number) => `${count} other features together`,
  bias: "what no feature gets (biases)",
  help: (count: number) =>
    `How to read it: a bar is what a feature adds to the score, the mean of ${count} networks; its whisker ` +
    "spans all of them. Where a whisker crosses zero, they do not agree on the side.",
  lean: (count: number, all: number) => `${count} of ${all} networks lean towards M 8.0 or more.`,
  agreement: (mean: string, low: string, high: string) =>
    `Two of them order the features alike with a rank correlation of ${mean} (${low} to ${high}; ` +
    "1 is the same order, 0 is chance).",
  contrary: "They lean the other way than the probability, which is another classifier's.",
  limit: (own: string, place: string) =>
    "These are reasons of the networks, not of the Earth. On segments held out they score " +
    `macro-F1 ${own}; what knows the place alone scores up to ${place}.`,
  cautions: (count: number) => `What limits this (${count} notes)`,
  pictureLabel: (name: string, first: string, score: string) =>
    `Relevance of features at ${name}; the largest: ${first}; score ${score}`,
  table: (count: number) => `All ${count} features as a table`,
  feature: "Feature",
  value: "Value here",
  relevance: "Relevance (range)",
  share: "Share",
  sameSide: "Networks on this side",
  faultTitle: "Nearest analysed fault",
  noFault:
    "No fault has been analysed since the page was opened, and the service keeps none. To get one, send mapped " +
    "traces (GeoJSON) under",
  faultNoPlace: (name: string) => `${name} is in a local frame, so its distance is not known.`,
  faultFar: (name: string, distance: string, limit: number) =>
    `${name} is ${distance} km from the epicentre; beyond ${limit} km nothing is said of it.`,
  fault: "Fault",
  faultDistance: "From the epicentre",
  faultAlong: "Along the fault",
  faultEfficiency: "Efficiency there",
  faultMade: "Estimated",
  faultHelp:
    "The dashed line is the nearest point. The distance is on the surface, with the deviation of the epicentre; " +
    "nearness does not say that the event lies on this fault.",
  features: {
    AGE: "Age of the sea floor",
    HEAT_FLOW: "Heat flow",
    SED_AVE: "Sediment, thickness",
    SED_STD: "Sediment, how uneven",
    SED_GRD: "Sediment, change along the trench",
    LITHOSPHERE_UP_AVE: "Lithosphere of the upper plate",
    LITHOSPHERE_DG_AVE: "Lithosphere of the lower plate",
    CRUST_UP_AVE: "Crust of the upper plate",
    CONVERGENCE: "Speed of convergence",
    OBLIQUITY: "Obliquity of convergence",
    V_UP_NNR: "Motion of the upper plate",
    V_DG_NNR: "Motion of the lower plate",
    EGO_UP_AVE: "Geoid, height",
    EGO_UP_STD: "Geoid, how uneven",
    FRE_UP_AVE: "Gravity, upper plate",
    FRE_UP_STD: "Gravity, upper plate, how uneven",
    FRE_DG_AVE: "Gravity, lower plate",
    FRE_DG_STD: "Gravity, lower plate, how uneven",
    EGO_L_UP_AVE: "Geoid, to 100 km depth",
    EGO_L_UP_STD: "Geoid, to 100 km depth, how uneven",
    EGO_SL_UP_AVE: "Geoid, 100–410 km depth",
    EGO_SL_UP_STD: "Geoid, 100–410 km depth, how uneven",
    EGO_UM_UP_AVE: "Geoid, 410–660 km depth",
    EGO_UM_UP_STD: "Geoid, 410–660 km depth, how uneven",
  },
};
