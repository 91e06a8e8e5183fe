/** The part of Markdown that cards use, as plain data: nothing of it can become code of the page. */

export type Inline =
  | { kind: "text" | "strong" | "code"; text: string }
  | { kind: "link"; text: string; href: string };

export type Block =
  | { kind: "heading"; level: number; content: Inline[] }
  | { kind: "paragraph"; content: Inline[] }
  | { kind: "list"; isOrdered: boolean; items: Inline[][] }
  | { kind: "code"; text: string }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^\s{0,3}(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const RULE = /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;
const FENCE = /^\s*(```|~~~)/;

export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = blockAt(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function blockAt(lines: string[], at: number): [Block, number] {
  const line = lines[at]!;
  if (FENCE.test(line)) return fenced(lines, at);
  const heading = HEADING.exec(line);
  if (heading !== null) {
    return [{ kind: "heading", level: heading[1]!.length, content: inlineOf(heading[2]!) }, at + 1];
  }
  if (line.includes("|") && RULE.test(lines[at + 1] ?? "")) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  let end = at + 1;
  while (end < lines.length && !beginsBlock(lines, end)) end += 1;
  const text = lines.slice(at, end).map((one) => one.trim()).join(" ");
  return [{ kind: "paragraph", content: inlineOf(text) }, end];
}

const beginsBlock = (lines: string[], at: number): boolean => {
  const line = lines[at]!;
  return (
    line.trim() === "" || FENCE.test(line) || HEADING.test(line) || ITEM.test(line) ||
    (line.includes("|") && RULE.test(lines[at + 1] ?? ""))
  );
};

function fenced(lines: string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && !FENCE.test(lines[end]!)) end += 1;
  return [{ kind: "code", text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

const cellsOf = (line: string): Inline[][] =>
  line.trim().replace(/^\||\|$/g, "").split("|").map((one) => inlineOf(one.trim()));

function table(lines: string[], at: number): [Block, number] {
  let end = at + 2;
  while (end < lines.length && lines[end]!.includes("|")) end += 1;
  return [{ kind: "table", head: cellsOf(lines[at]!), rows: lines.slice(at + 2, end).map(cellsOf) }, end];
}

function list(lines: string[], at: number): [Block, number] {
  const items: string[] = [];
  const isOrdered = ITEM.exec(lines[at]!)![1] !== undefined;
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end]!;
    const item = ITEM.exec(line);
    if (item !== null) items.push(item[2]!);
    else if (/^\s+\S/.test(line)) items[items.length - 1] += ` ${line.trim()}`;
    else break;
  }
  return [{ kind: "list", isOrdered, items: items.map(inlineOf) }, end];
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^()\s]+)\)/g;

export function inlineOf(text: string): Inline[] {
  const found: Inline[] = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) found.push({ kind: "text", text: text.slice(last, match.index) });
    const [, code, strong, name, href] = match;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    // an address of any other scheme stays text
    else if (/^https:\/\//i.test(href!)) found.push({ kind: "link", text: name!, href: href! });
    else found.push({ kind: "text", text: name! });
    last = match.index + match[0].length;
  }
  if (last < text.length) found.push({ kind: "text", text: text.slice(last) });
  return found;
}
