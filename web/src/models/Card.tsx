/** A card's Markdown as elements of the page. */

import { Fragment, type ReactNode } from "react";

import { blocksOf, type Block, type Inline } from "./markdown";

export function Card({ markdown, name }: { markdown: string; name: string }) {
  return (
    <div className="model-card" lang="en">
      {blocksOf(markdown).map((block, index) => (
        <Fragment key={index}>{shown(block, name)}</Fragment>
      ))}
    </div>
  );
}

const inline = (content: Inline[]): ReactNode => content.map((one, index) => <Piece key={index} piece={one} />);

function Piece({ piece }: { piece: Inline }) {
  if (piece.kind === "code") return <code>{piece.text}</code>;
  if (piece.kind === "strong") return <strong>{piece.text}</strong>;
  if (piece.kind === "link") {
    return (
      <a href={piece.href} rel="noreferrer noopener" target="_blank">
        {piece.text}
      </a>
    );
  }
  return piece.text;
}

/** Headings go below the one of the panel, which is the third level. */
function shown(block: Block, name: string): ReactNode {
  switch (block.kind) {
    case "heading":
      return block.level <= 2 ? <h4>{inline(block.content)}</h4> : <h5>{inline(block.content)}</h5>;
    case "code":
      return <pre tabIndex={0}>{block.text}</pre>;
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{inline(item)}</li>);
      return block.isOrdered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={name}>
          <table>
            <thead>
              <tr>
                {block.head.map((cell, index) => (
                  <th key={index} scope="col">
                    {inline(cell)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>{inline(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    default:
      return <p>{inline(block.content)}</p>;
  }
}
