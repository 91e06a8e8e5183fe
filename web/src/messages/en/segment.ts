/** English: subduction segments. */

export const segment = {
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
};
