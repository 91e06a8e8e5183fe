/** The name that an analyst gave last, kept by the browser. */

const KEY = "mainshock-analyst";

export function storedName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function keepName(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // a browser that stores nothing asks again
  }
}
