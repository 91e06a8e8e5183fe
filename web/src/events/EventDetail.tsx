/** One event: every number with its uncertainty, where it comes from, and what limits it. */

import { useCallback, useEffect, useRef, useState } from "react";

import type { EventDetail as Detail, EventSummary, Posterior } from "../api/types";
import { EventAftershocks } from "../forecast/EventAftershocks";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { messages, textOf } from "../messages";
import { reviewApi } from "../review/client";
import { begin, changed, isChanged, type Change, type Edit, type Phase } from "../review/edit";
import { useLeaving } from "../review/leaving";
import { ReviewPanel } from "../review/ReviewPanel";
import { Reviews } from "../review/Reviews";
import { EventShaking } from "../shaking/EventShaking";
import { eventAddress, hasMoved, openEvent, useRequest } from "../ui/hooks";
import { useShortcut } from "../ui/shortcuts";
import { Context } from "./Context";
import { Depths } from "./DepthHistogram";
import { Alerts, Arrivals, StationMagnitudes, Versions } from "./DetailTables";
import { Explanation } from "./Explanation";
import { Facts } from "./Facts";
import { Links } from "./Links";
import { CrossSections, MagnitudePlot, ResidualPlot } from "./Plots";
import { versionOf } from "./plotting";
import { RecordSection } from "./RecordSection";
import { Badges, nameOf } from "./words";
import { Failed } from "../told/Words";
import { say } from "../told/told";

const text = messages.detail;

export function EventDetail({ eventId }: { eventId: string }) {
  const events = useLive("events");
  const [saved, setSaved] = useState(0);
  const [isEditing, setEditing] = useState(false);
  const wanted = versionOf(window.location.hash);
  const known = events.find((event) => event.event_id === eventId);
  // while picks are edited the page stays with the version that they were taken from
  const news = `${known?.version ?? ""} ${known?.status ?? ""}`;
  const [held, setHeld] = useState(news);
  useEffect(() => {
    if (!isEditing) setHeld(news);
  }, [isEditing, news]);
  const key = `${eventId} ${wanted ?? held} ${saved}`;
  const event = useRequest((signal) => reviewApi.event(eventId, wanted, signal), key);
  const posterior = useRequest(
    (signal) => reviewApi.posterior(eventId, wanted, signal),
    key,
    `${eventId} ${wanted ?? ""}`,
  );
  const onNews = useCallback(() => setSaved((count) => count + 1), []);
  return (
    <article className="detail" data-event={eventId}>
      <a href="#/events" className="back">
        ← {messages.back}
      </a>
      {event.problem !== null && <Failed problem={event.problem} />}
      {event.data === null && event.problem === null && <p>{messages.loading}</p>}
      {event.data?.event_id === eventId && (
        <Found
          event={event.data}
          posterior={posterior.data}
          posteriorProblem={posterior.problem}
          events={events}
          onNews={onNews}
          onEditing={setEditing}
        />
      )}
    </article>
  );
}

interface FoundProperties {
  event: Detail;
  posterior: Posterior | null;
  posteriorProblem: string | null;
  events: EventSummary[];
  onNews: () => void;
  onEditing: (isEditing: boolean) => void;
}

function Found({ event, posterior, posteriorProblem, events, onNews, onEditing }: FoundProperties) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [edit, setEdit] = useState<Edit | null>(null);
  const [newPhase, setNewPhase] = useState<Phase>("P");
  useEffect(() => {
    if (hasMoved()) heading.current?.focus({ preventScroll: true }); // the link followed is gone
  }, []);
  useEffect(() => setEdit(null), [event.event_id, event.version]);
  useEffect(() => onEditing(edit !== null), [edit, onEditing]);
  useLeaving(isChanged(edit));
  useShortcut({
    keys: "v",
    group: messages.review.title,
    text: messages.review.goReview,
    run: () => document.querySelector("#review")?.scrollIntoView(),
  });
  const mapped = events.filter((one) => one.event_id === event.event_id);
  const latest = Math.max(event.version, ...event.versions.map((one) => one.version));
  const isLatest = event.version === latest;
  const onChange = (change: Change) => setEdit((now) => now && changed(now, change));
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {nameOf(event)} <Badges event={event} />
      </h2>
      {!isLatest && (
        <p className="warning">
          {messages.eventPage.older(event.version, latest)}{" "}
          <a href={eventAddress(event.event_id)}>{messages.eventPage.latest}</a>
        </p>
      )}
      {event.kind === "cancel" && <p className="warning">{text.cancelled}</p>}
      {event.status === "preliminary" && <p className="warning">{text.preliminary}</p>}
      <div className="columns">
        <div>
          <Facts event={event} />
          <Cautions event={event} />
          <Context event={event} />
          <Links event={event} />
        </div>
        <div>
          <section className="panel" aria-labelledby="where-title">
            <h3 id="where-title">{text.where}</h3>
            <EventMap
              events={mapped.length > 0 && isLatest ? mapped : [event]}
              selected={event.event_id}
              posterior={posterior}
              isPosteriorMap
              onSelect={openEvent}
            />
          </section>
          <Depths posterior={posterior} problem={posteriorProblem} />
        </div>
      </div>
      <RecordSection
        event={event}
        editing={edit === null ? null : { picks: edit.picks, newPhase, onChange }}
      />
      {isLatest && (
        <ReviewPanel
          event={event}
          edit={edit}
          newPhase={newPhase}
          onEdit={(isEditing) => setEdit(isEditing ? begin(event.arrivals) : null)}
          onChange={onChange}
          onNewPhase={setNewPhase}
          onNews={onNews}
        />
      )}
      <div className="plots">
        <ResidualPlot event={event} />
        <CrossSections event={event} posterior={posterior} events={events} />
        <MagnitudePlot event={event} />
      </div>
      <Arrivals arrivals={event.arrivals} />
      <Explanation key={event.version} event={event} />
      <StationMagnitudes rows={event.station_magnitudes} />
      <EventAftershocks eventId={event.event_id} version={event.version} />
      <EventShaking eventId={event.event_id} version={event.version} />
      <Versions event={event} onNews={onNews} />
      <Reviews event={event} />
      <Alerts eventId={event.event_id} version={event.version} />
    </>
  );
}

function Cautions({ event }: { event: Detail }) {
  const flags = event.flags.includes("single_station")
    ? event.flags.filter((flag) => flag !== "large_azimuthal_gap") // it cannot have any other
    : event.flags;
  const told = [
    ...flags.map((flag) => textOf(messages.flags, flag) ?? text.flag(flag)),
    ...Object.entries(event.notes_told)
      .filter(([name]) => name !== "magnitude" || event.magnitude !== null) // told above
      .map(([name, said]) => text.noteOf(name, say(said))),
    ...event.arrivals
      .filter((arrival) => arrival.inlier_probability < 0.5)
      .map((arrival) =>
        text.doubtful(
          arrival.phase,
          arrival.station,
          signed(arrival.residual_s),
          arrival.inlier_probability.toFixed(2),
        ),
      ),
  ];
  return (
    <section className="panel" aria-labelledby="caution-title">
      <h3 id="caution-title">{text.caution}</h3>
      {told.length === 0 ? (
        <p className="muted">{text.noCaution}</p>
      ) : (
        <ul className="cautions">
          {told.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

export const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;
