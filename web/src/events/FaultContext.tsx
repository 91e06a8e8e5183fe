/** How far an event lies from the fault that was analysed last, and how that fault slips there. */

import type { EventDetail } from "../api/types";
import { EfficiencyChart } from "../faults/EfficiencyChart";
import { nearestOnFault } from "../faults/nearest";
import { plusMinus, utc } from "../format";
import { useKeptProfile, type KeptProfile } from "../map/faultStore";
import { messages } from "../messages";
import { Fact } from "./Facts";
import { Cautions } from "../told/Words";

const text = messages.relevance;
const NEAR_KM = 50;

export function FaultContext({ event }: { event: EventDetail }) {
  const kept = useKeptProfile();
  return (
    <section aria-labelledby="fault-context">
      <h4 id="fault-context">{text.faultTitle}</h4>
      {kept === null ? (
        <p>
          {text.noFault} <a href="#/faults">{messages.nav.faults}</a>
        </p>
      ) : (
        <Known kept={kept} event={event} />
      )}
    </section>
  );
}

function Known({ kept, event }: { kept: KeptProfile; event: EventDetail }) {
  const near = nearestOnFault(kept.profile, event.longitude, event.latitude);
  if (near === null) return <p className="muted">{text.faultNoPlace(kept.name)}</p>;
  if (near.distanceKm > NEAR_KM) {
    return <p className="muted">{text.faultFar(kept.name, near.distanceKm.toFixed(0), NEAR_KM)}</p>;
  }
  const sd = Math.max(event.east_sd_km, event.north_sd_km);
  const { ke, lo90, hi90 } = near.window;
  return (
    <>
      <dl className="facts">
        <Fact term={text.fault}>{kept.name}</Fact>
        <Fact term={text.faultDistance}>{plusMinus(near.distanceKm, sd, "km")}</Fact>
        <Fact term={text.faultAlong}>{`${near.alongKm.toFixed(1)} km`}</Fact>
        <Fact term={text.faultEfficiency}>
          {messages.faults.window(ke.toFixed(2), lo90.toFixed(2), hi90.toFixed(2))}
        </Fact>
        <Fact term={text.faultMade}>{`${messages.faults.model(kept.profile.model)}, ${utc(kept.atMs)} UTC`}</Fact>
      </dl>
      <EfficiencyChart profile={kept.profile} markKm={near.alongKm} />
      <p className="note">{text.faultHelp}</p>
      <Cautions all={kept.cautions} />
    </>
  );
}
