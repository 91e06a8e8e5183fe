/** English: grades of location; the same words as in the report. */

export const qualities = {
  A: "well constrained",
  B: "constrained",
  C: "roughly located",
  D: "detected, hardly located",
};
