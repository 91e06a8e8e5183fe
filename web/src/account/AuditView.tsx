/** The audit log: who did what, when, from where, and what came of it. */

import { useState, type FormEvent } from "react";

import { utc } from "../format";
import { messages, textOf } from "../messages";
import { useRequest } from "../ui/hooks";
import { accounts, type AuditLine } from "./client";
import { Allowed } from "./permissions";
import { Words } from "../told/Words";

const text = messages.account;
const LINES = 100;
const RESULTS = ["done", "refused", "failed"] as const;
const TYPED = ["actor", "action", "target"] as const;

type Filters = Record<string, string>;

export function AuditView() {
  return (
    <section className="panel" aria-labelledby="audit-title">
      <h2 id="audit-title">{text.audit}</h2>
      <Allowed permission="audit">
        <Audit />
      </Allowed>
    </section>
  );
}

function Audit() {
  const [filters, setFilters] = useState<Filters>({});
  /** Where each page begins: lines before this number. */
  const [starts, setStarts] = useState<number[]>([]);
  const [edition, setEdition] = useState(0);
  const before = starts.at(-1);
  const query = { ...filters, limit: LINES, ...(before === undefined ? {} : { before }) };
  const { data, problem } = useRequest(
    (signal) => accounts.audit(query, signal),
    `${edition} ${JSON.stringify(query)}`,
  );
  const show = (wanted: Filters) => {
    setFilters(wanted);
    setStarts([]);
    setEdition((last) => last + 1);
  };
  const oldest = data?.length === LINES ? data.at(-1)?.sequence : undefined;
  return (
    <>
      <Search onShow={show} />
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
      {data !== null && <Lines lines={data} />}
      <div className="panel-head">
        <button type="button" disabled={before === undefined} onClick={() => setStarts(starts.slice(0, -1))}>
          {text.newer}
        </button>
        <button
          type="button"
          disabled={oldest === undefined}
          onClick={() => oldest !== undefined && setStarts([...starts, oldest])}
        >
          {text.older}
        </button>
      </div>
    </>
  );
}

function Search({ onShow }: { onShow: (filters: Filters) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()]);
    onShow(Object.fromEntries(typed.filter(([, value]) => value !== "")) as Filters);
  };
  return (
    <form className="panel-head" aria-label={text.filters} onSubmit={submit}>
      {TYPED.map((one) => (
        <label key={one}>
          {text.columns[one]} <input name={one} maxLength={300} />
        </label>
      ))}
      <label>
        {text.columns.result}{" "}
        <select name="result">
          <option value="">{text.any}</option>
          {RESULTS.map((one) => (
            <option key={one} value={one}>
              {text.results[one]}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">{text.show}</button>
    </form>
  );
}

function Lines({ lines }: { lines: AuditLine[] }) {
  if (lines.length === 0) return <p className="empty">{text.noLines}</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={text.audit}>
      <table>
        <thead>
          <tr>
            {Object.entries(text.columns).map(([name, told]) => (
              <th key={name} scope="col">
                {told}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.sequence} data-line={line.sequence}>
              <td>{utc(Date.parse(line.time))}</td>
              <td>{line.actor}</td>
              <td lang="en">{line.action}</td>
              <td>{line.target}</td>
              <td>{textOf(text.results, line.result) ?? line.result}</td>
              <td>{line.client}</td>
              <td lang="en">{line.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
