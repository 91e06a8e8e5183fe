/** The chosen events as files that other programs read. */

import type { Columns } from "./columns";

const QUALITIES = ["", "A", "B", "C", "D"];
const digits = (value: number, decimals: number): string =>
  Number.isNaN(value) ? "" : String(Number(value.toFixed(decimals)));
const timeOf = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString();
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
/** Cells that begin a formula in a table program, or hold what ends a cell, stand in quotes. */
const cell = (text: string): string => {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

export function asCsv(columns: Columns, chosen: Uint32Array): string {
  const lines = ["time,magnitude,longitude,latitude,depth_km,event_id,quality"];
  for (const i of chosen) {
    const cells = [
      timeOf(columns.timeS[i]!),
      digits(columns.magnitude[i]!, 3),
      digits(columns.longitude[i]!, 5),
      digits(columns.latitude[i]!, 5),
      digits(columns.depthKm[i]!, 3),
      cell(columns.ids[i] ?? ""),
      QUALITIES[columns.quality[i]!]!,
    ];
    lines.push(cells.join(","));
  }
  return `${lines.join("\n")}\n`;
}

const XMLNS = "http://quakeml.org/xmlns/bed/1.2";

/** QuakeML 1.2 with one origin and one magnitude an event; pieces, for they may be many. */
export function asQuakeMl(columns: Columns, chosen: Uint32Array): string[] {
  const pieces = [
    `<?xml version="1.0" encoding="UTF-8"?>\n<q:quakeml xmlns="${XMLNS}" ` +
      'xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">\n' +
      '<eventParameters publicID="smi:local/mainshock/selection">\n',
  ];
  for (const i of chosen) pieces.push(eventXml(columns, i));
  pieces.push("</eventParameters>\n</q:quakeml>\n");
  return pieces;
}

function eventXml(columns: Columns, i: number): string {
  const name = (columns.ids[i] ?? "").replace(/[^\w.*()~'-]/g, "_") || `number-${i}`;
  const id = `smi:local/mainshock/${escaped(name)}`;
  const value = (tag: string, text: string): string =>
    text === "" ? "" : `<${tag}><value>${text}</value></${tag}>`;
  const depth = columns.depthKm[i]!;
  const magnitude = digits(columns.magnitude[i]!, 3);
  const mag =
    magnitude === "" ? "" : `<magnitude publicID="${id}/magnitude">${value("mag", magnitude)}</magnitude>`;
  return (
    `<event publicID="${id}"><preferredOriginID>${id}/origin</preferredOriginID>` +
    `<origin publicID="${id}/origin">${value("time", timeOf(columns.timeS[i]!))}` +
    value("latitude", digits(columns.latitude[i]!, 5)) +
    value("longitude", digits(columns.longitude[i]!, 5)) +
    `${value("depth", digits(depth * 1000, 0))}</origin>${mag}</event>\n`
  );
}

/** Give a file to the reader. */
export function save(pieces: string[], type: string, fileName: string): void {
  const address = URL.createObjectURL(new Blob(pieces, { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
