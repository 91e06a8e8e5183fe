/** The segment that was clicked on the map or chosen from the list: what is said of it, and why. */

import { Fact } from "../events/Facts";
import { messages } from "../messages";
import { SegmentReasons } from "./SegmentReasons";
import { chooseSegment, REASONS_ID, useChosenSegment } from "./segmentStore";
import { classWords } from "./segments";

const words = messages.segment;
const text = messages.relevance;

interface Properties {
  segments: GeoJSON.FeatureCollection;
}

export function SegmentChoice({ segments }: Properties) {
  const chosen = useChosenSegment();
  const all = segments.features.map((one) => one.properties ?? {});
  const found = all.find((one) => one["region"] === chosen?.region && one["index"] === chosen?.index);
  const regions = [...new Set(all.map((one) => String(one["region"])))];
  return (
    <div className="segment-choice">
      <label>
        {text.choose}{" "}
        <select
          value={found === undefined ? "" : keyOf(found)}
          onChange={(event) => {
            const [region = "", index] = event.target.value.split(" ");
            chooseSegment(region === "" ? null : { region, index: Number(index) });
          }}
        >
          <option value="">{text.noChoice}</option>
          {regions.map((region) => (
            <optgroup key={region} label={region}>
              {all
                .filter((one) => one["region"] === region)
                .map((one) => (
                  <option key={keyOf(one)} value={keyOf(one)}>
                    {keyOf(one)}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      {found !== undefined && <Told segment={found} />}
    </div>
  );
}

const keyOf = (one: Record<string, unknown>): string => `${String(one["region"])} ${String(one["index"])}`;

function Told({ segment }: { segment: Record<string, unknown> }) {
  return (
    <section aria-labelledby={REASONS_ID}>
      <h4 id={REASONS_ID} tabIndex={-1}>
        {text.of(keyOf(segment))}
      </h4>
      <dl className="facts">
        <Fact term={words.chance}>{Number(segment["probability"]).toFixed(2)}</Fact>
        <Fact term={words.notRuledOut}>{classWords(segment["conformal_set"])}</Fact>
        <Fact term={words.applicability}>
          {Number(segment["applicability"]).toFixed(2)}
          {segment["is_applicable"] === false && `: ${words.notApplicable}`}
        </Fact>
      </dl>
      <SegmentReasons region={String(segment["region"])} index={Number(segment["index"])} />
    </section>
  );
}
