/** A catalogue from all sides: what is chosen in one panel is chosen in all. */

import "./explore.css";

import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { problemOf } from "../api/client";
import { latitude, longitude, utc } from "../format";
import { messages } from "../messages";
import { openEvent, useRequest } from "../ui/hooks";
import { useShortcut } from "../ui/shortcuts";
import { CatalogueChoice } from "./CatalogueChoice";
import { catalogues, type CatalogueEntry, type MagnitudeNumbers } from "./client";
import type { Columns } from "./columns";
import { asCsv, asQuakeMl, save } from "./exports";
import { FilterFields } from "./FilterFields";
import {
  asAddress, chosenOf, fromAddress, isFiltered, maskOf, NO_FILTERS,
  type Choice, type Filters, type Place, type Section,
} from "./filters";
import { Cumulative, DepthCounts, DepthSection, Frequency, lawText, MagnitudeTime, timesText } from "./panels";
import { PlanPanel } from "./PlanPanel";
import { summaryOf } from "./summary";
import { Words } from "../told/Words";

const text = messages.explore;
const NO_ENTRIES: CatalogueEntry[] = [];
/** Completeness is asked for once the reader rests. */
const REST_MS = 250;

export function ExploreView({ part }: { part: string | null }) {
  const [choice, setChoice] = useState<Choice>(() => fromAddress(part));
  useAddress(part, choice, setChoice);
  const [edition, setEdition] = useState(0);
  const list = useRequest((signal) => catalogues.list(signal), String(edition));
  const found = useRequest(
    (signal) => readEvents(choice.catalogue, signal),
    `${choice.catalogue} ${edition}`,
  );
  const read = found.data?.id === choice.catalogue ? found.data : null;
  const again = () => setEdition((before) => before + 1);
  const limit = useCallback(
    (limits: Partial<Filters>) =>
      setChoice((before) => ({ ...before, filters: { ...before.filters, ...limits } })),
    [],
  );
  useShortcut({ keys: "u", group: text.title, text: text.clear, run: () => limit(NO_FILTERS) });
  const setSection = useCallback(
    (section: Section) => setChoice((before) => ({ ...before, section })),
    [],
  );
  return (
    <div className="explore-view">
      <section className="panel" aria-labelledby="explore-title">
        <h2 id="explore-title">{text.title}</h2>
        <CatalogueChoice
          entries={list.data ?? NO_ENTRIES}
          chosen={choice.catalogue}
          onChoose={(catalogue) => setChoice((before) => ({ ...before, catalogue, filters: NO_FILTERS }))}
          onChanged={again}
        />
        {choice.catalogue === "live" && <ReadAgain readMs={read?.readMs ?? null} onAgain={again} />}
        <FilterFields filters={choice.filters} section={choice.section} onLimit={limit} onSection={setSection} />
        {found.problem !== null && (
          <p className="problem" role="alert">
            <Words text={found.problem} />
          </p>
        )}
      </section>
      {read === null ? (
        found.problem === null && <p className="empty">{messages.loading}</p>
      ) : read.columns.n === 0 ? (
        <p className="empty">{text.none}</p>
      ) : (
        <Panels columns={read.columns} choice={choice} onLimit={limit} onSection={setSection} />
      )}
    </div>
  );
}

/** The events of a catalogue, and when they were read by this machine's clock. */
export async function readEvents(id: string, signal?: AbortSignal) {
  return { id, columns: await catalogues.events(id, signal), readMs: Date.now() };
}

/** The live catalogue grows, and the panels stay as they were read. */
export function ReadAgain({ readMs, onAgain }: { readMs: number | null; onAgain: () => void }) {
  return (
    <p className="note">
      {readMs !== null && text.readAt(`${utc(readMs)} UTC`)}{" "}
      <button type="button" className="small" onClick={onAgain}>
        {text.readAgain}
      </button>
    </p>
  );
}

/** Keep the address as the choice is, without a step in the history, and follow links. */
function useAddress(part: string | null, choice: Choice, setChoice: (choice: Choice) => void): void {
  const written = useRef(part ?? "");
  useEffect(() => {
    if ((part ?? "") !== written.current) setChoice(fromAddress(part));
  }, [part, setChoice]);
  useEffect(() => {
    const told = asAddress(choice);
    if (told === asAddress(fromAddress(written.current))) return;
    written.current = told;
    history.replaceState(history.state, "", `#/explore${told && `/${encodeURIComponent(told)}`}`);
  }, [choice]);
}

interface PanelsProperties {
  columns: Columns;
  choice: Choice;
  onLimit: (limits: Partial<Filters>) => void;
  onSection: (section: Section) => void;
}

function Panels({ columns, choice, onLimit, onSection }: PanelsProperties) {
  const { filters, section } = choice;
  const mask = useMemo(() => maskOf(columns, filters), [columns, filters]);
  const chosen = useMemo(() => chosenOf(mask), [mask]);
  const { numbers, problem } = useNumbers(columns, chosen);
  const law = lawText(numbers, problem);
  const line = useMemo(() => (section.kind === "line" ? [section.from, section.to] : null), [section]);
  const shared = { columns, mask, chosen, onLimit };
  return (
    <div className="explore-grid">
      <PlanPanel
        columns={columns}
        mask={mask}
        area={filters.area}
        line={line}
        count={chosen.length}
        onArea={(area: Place[]) => onLimit({ area })}
        onLine={(from, to) => onSection({ ...section, kind: "line", from, to })}
      />
      <Numbers columns={columns} chosen={chosen} choice={choice} law={law} />
      <MagnitudeTime {...shared} />
      <Cumulative {...shared} />
      <Frequency {...shared} numbers={numbers} law={law} />
      <DepthSection {...shared} section={section} />
      <DepthCounts {...shared} />
    </div>
  );
}

interface Asked {
  numbers: MagnitudeNumbers | null;
  problem: string | null;
}
const NOT_YET: Asked = { numbers: null, problem: null };

/** Completeness and b of the chosen events, as the service finds them. */
function useNumbers(columns: Columns, chosen: Uint32Array): Asked {
  const [asked, setAsked] = useState(NOT_YET);
  useEffect(() => {
    let isOld = false;
    setAsked(NOT_YET);
    const timer = setTimeout(() => {
      const magnitudes = new Float32Array(chosen.length);
      chosen.forEach((i, k) => (magnitudes[k] = columns.magnitude[i]!));
      catalogues.statistics(magnitudes, null).then(
        (numbers) => !isOld && setAsked({ numbers, problem: null }),
        (error: unknown) => !isOld && setAsked({ numbers: null, problem: problemOf(error) }),
      );
    }, REST_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [columns, chosen]);
  return asked;
}

function Numbers({ columns, chosen, choice, law }: {
  columns: Columns;
  chosen: Uint32Array;
  choice: Choice;
  law: string;
}) {
  const one = useMemo(() => summaryOf(columns, chosen), [columns, chosen]);
  const name = `mainshock-${choice.catalogue.replace(/[^\w-]+/g, "_")}`;
  const at = one.largestAt;
  const id = at === null ? undefined : columns.ids[at];
  return (
    <section className="panel explore-panel" aria-label={text.numbers}>
      <h3>{text.numbers}</h3>
      <p role="status" data-count={one.count}>
        {text.count(one.count, columns.n)}
        {isFiltered(choice.filters) ? "" : ` (${text.unfiltered})`}
      </p>
      <dl className="facts">
        <div>
          <dt>{text.span}</dt>
          <dd>{timesText(one.firstS, one.lastS)}</dd>
        </div>
        <div>
          <dt>{text.largest}</dt>
          <dd>
            {at === null
              ? "–"
              : `M ${one.largest!.toFixed(1)}, ${utc(columns.timeS[at]! * 1000)}, ` +
                `${latitude(columns.latitude[at]!, 2)} ${longitude(columns.longitude[at]!, 2)}`}{" "}
            {choice.catalogue === "live" && id !== undefined && (
              <button type="button" className="small" onClick={() => openEvent(id)}>
                {text.open}
              </button>
            )}
          </dd>
        </div>
        <div>
          <dt>{text.medianDepth}</dt>
          <dd>{one.medianDepthKm === null ? "–" : `${one.medianDepthKm.toFixed(1)} km`}</dd>
        </div>
        <div>
          <dt>{text.perDay}</dt>
          <dd>{one.perDay === null ? "–" : Number(one.perDay.toPrecision(3))}</dd>
        </div>
        <div>
          <dt>{text.lawName}</dt>
          <dd>
            <Words text={law} />
          </dd>
        </div>
      </dl>
      {one.withoutMagnitude > 0 && <p className="note muted">{text.withoutMagnitude(one.withoutMagnitude)}</p>}
      <div className="explore-tools">
        <button type="button" onClick={() => save([asCsv(columns, chosen)], "text/csv", `${name}.csv`)}>
          {text.saveCsv}
        </button>
        <button
          type="button"
          onClick={() => save(asQuakeMl(columns, chosen), "application/xml", `${name}.xml`)}
        >
          {text.saveQuakeMl}
        </button>
        <Share />
      </div>
    </section>
  );
}

function Share() {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(window.location.href).then(
      () => setCopied(true),
      () => undefined, // the address bar holds it too
    );
  };
  return (
    <>
      <button type="button" onClick={copy}>
        {text.share}
      </button>
      <span role="status">{isCopied ? text.copied : ""}</span>
    </>
  );
}
