/** No text that a reader sees stands outside the catalogues. */

import ts from "typescript";
import { describe, expect, it } from "vitest";

const SOURCES = import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true });
/** Attributes that are read aloud or shown. */
const READ = new Set(["aria-label", "aria-description", "aria-roledescription", "alt", "label", "placeholder", "title"]);
/** Units and signs that no language changes. */
const UNITS = /\b(UTC|Hz|km|kPa|MPa|m|s|M|P|S)\b/g;

const isTold = (text: string): boolean => /\p{L}/u.test(text.replace(UNITS, ""));

/** Texts that an expression may become: of a condition both sides, of a template its fixed parts. */
function textsOf(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.flatMap((one) => [one.literal.text, ...textsOf(one.expression)])];
  }
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isBinaryExpression(node)) {
    const isChoice = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
    return [...(isChoice ? [] : textsOf(node.left)), ...textsOf(node.right)];
  }
  return [];
}

function toldBy(node: ts.Node): string[] {
  if (ts.isJsxText(node)) return [node.text.trim()];
  if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent)) return textsOf(node.expression);
  if (ts.isJsxAttribute(node) && READ.has(node.name.getText()) && node.initializer) {
    const value = node.initializer;
    return ts.isJsxExpression(value) ? (value.expression ? textsOf(value.expression) : []) : textsOf(value);
  }
  return [];
}

/** The texts of a component that stand in its own file. */
export function literalsOf(source: string): string[] {
  const file = ts.createSourceFile("one.tsx", source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const walk = (node: ts.Node): void => {
    found.push(...toldBy(node).filter(isTold));
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

describe("components", () => {
  it.each(Object.entries(SOURCES))("%s holds no text of its own", (_, source) => {
    expect(literalsOf(source)).toEqual([]);
  });

  it("are all looked at", () => expect(Object.keys(SOURCES).length).toBeGreaterThan(20));
});

describe("the search for texts", () => {
  it.each([
    ["<p>Loading</p>", ["Loading"]],
    ['<p title="Place" className="note">5 km</p>', ["Place"]],
    ["<p aria-label={isOn ? 'On' : text.off}>{count > 1 && 'many'}</p>", ["On", "many"]],
    ["<p>{`${count} events`}</p>", ["events"]],
    ["<p>{text.of(name)} UTC {kind === 'new' ? 1 : 2}</p>", []],
  ])("reads %s", (source, texts) => {
    expect(literalsOf(source).map((one) => one.trim())).toEqual(texts);
  });
});
