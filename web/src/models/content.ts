/** Scores of models as rows that can be compared. */

export interface Score {
  path: string;
  left: string;
  right: string;
}

/** Numbers and words of a tree, each by the names that lead to it. */
export function leavesOf(tree: unknown, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  if (typeof tree === "object" && tree !== null) {
    for (const [name, one] of Object.entries(tree)) {
      const below = path === "" ? name : `${path} › ${name}`;
      for (const [leaf, value] of leavesOf(one, below)) found.set(leaf, value);
    }
  } else if (tree !== null && tree !== undefined && path !== "") {
    found.set(path, typeof tree === "number" ? String(Number(tree.toPrecision(4))) : String(tree));
  }
  return found;
}

export function comparedScores(left: unknown, right: unknown, isOnlyCommon: boolean): Score[] {
  const [first, second] = [leavesOf(left), leavesOf(right)];
  const paths = [...new Set([...first.keys(), ...second.keys()])];
  return paths
    .filter((path) => !isOnlyCommon || (first.has(path) && second.has(path)))
    .map((path) => ({ path, left: first.get(path) ?? "–", right: second.get(path) ?? "–" }));
}
