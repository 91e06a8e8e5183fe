/** Versioned records: the newest version of each, latest first. */

interface Versioned {
  version: number;
  time: string;
}

/** Return known records and news together; an older version never replaces a newer one. */
export function newestVersions<T extends Versioned>(
  known: T[],
  news: T[],
  identity: (record: T) => string,
): T[] {
  const merged = new Map(known.map((record) => [identity(record), record]));
  for (const record of news) {
    const before = merged.get(identity(record));
    if (before === undefined || before.version <= record.version) {
      merged.set(identity(record), record);
    }
  }
  // ISO 8601 in UTC with fixed digits sorts as text
  return [...merged.values()].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
}

/** Return the records of now that were not there before; a new version is a new record. */
export function added<T>(before: T[], now: T[]): T[] {
  const known = new Set(before);
  return now.filter((record) => !known.has(record));
}
