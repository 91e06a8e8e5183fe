/** English: what the service says, by the codes of its sentences; the same texts as the service's own. */

export const service = {
  /** Of an error that has no sentence of its own. */
  general: {
    invalid_request: "The request cannot be answered as it is.",
    unauthorized: "You have not signed in, or no longer.",
    forbidden: "You may not do this.",
    not_found: "There is no such thing.",
    method_not_allowed: "This cannot be done here.",
    conflict: "Something has changed in the meantime.",
    too_large: "Too much was sent at once.",
    unsupported_media_type: "This kind of file or text is not taken.",
    too_many_requests: "Too many requests; wait a little.",
    internal_error: "The service failed.",
    unavailable: "The service cannot answer at present.",
    http_error: "The service did not answer as expected.",
  },
  sentences: {
    "service.starting": "starting",
    "service.stopping": "stopping",
    "service.store_away":
      "the store does not answer at present, so that this cannot be told or kept; the service goes on by itself once it is back: come again later (/readyz and the log tell why)",
    "service.failed": "the service failed; its log tells why",
    "access.sign_in":
      "sign in by POST /api/v1/login, or send the header `Authorization: Bearer TOKEN` with a token or an API key",
    "access.token": "a token is needed: send the header `Authorization: Bearer TOKEN`",
    "access.token_in_address": "a token is needed: open this address with ?token=TOKEN at its end",
    "access.wrong_password": "name or password is wrong, or the account is closed",
    "access.permission": "this needs {permission}, which {who} lacks; ask an administrator",
    "access.other_page": "pages of {origin} may not use this service",
    "access.cookie": "a cookie alone changes nothing; send Origin, as browsers do",
    "request.too_large": "the body is longer than {limit} bytes; send it in several requests",
    "request.too_many": "more than {per_minute} requests a minute; come again in {wait_s} s",
    "request.too_many_to_compute": "more than {per_minute} requests a minute; wait {wait_s} s",
    "request.too_many_tries": "too many tries; come again in {wait_s} s",
    "request.too_busy": "{count} requests are worked on or wait already; try later",
    "request.missing": "{name} is missing; give it",
    "request.no_path": "there is no {path}; the paths stand in /api/v1/openapi.json",
    "request.window": "start to end is {length_s} s; it must be more than 0 and at most {longest_s} s",
    "event.unknown": "there is no event {event_id}; /api/v1/events lists the events",
    "event.no_version": "there is no version {version} of {event_id}; /api/v1/events lists the events",
    "event.newer_version":
      "the review was made from version {seen}, but version {latest} is the latest by now; look at that one and review it",
    "review.accepted": "accepted",
    "review.accepted_for": "accepted: {comment}",
    "review.rejected": "rejected",
    "review.rejected_for": "rejected: {comment}",
    "review.relocated": "located anew",
    "review.relocated_for": "located anew: {comment}",
    "review.restored": "version {version} restored",
    "review.restored_for": "version {version} restored: {comment}",
    "event.cancelled": "the event was cancelled",
    "archive.nothing": "the archive holds nothing of {trace} in this time",
    "replay.unknown": "there is no replay {replay_id}; /api/v1/replays lists them",
    "replay.full": "{count} replays run, which is the limit; stop one of them first",
    "replay.needs_run":
      "replays need the picker and the locator of a live run; start the service by `mainshock monitor`",
    "catalogue.unknown": "there is no catalogue {catalogue_id}; /api/v1/catalogues lists them",
    "catalogue.full": "{count} catalogues are kept, which is the limit; delete one first",
    "model.no_live_run":
      "Nothing runs live here, so that no model is in use. Start `mainshock monitor`, or choose for the next run by `mainshock models promote NAME --data-dir DIR`.",
    "model.other_in_use": "{model} is in use, not {wanted}; look at it, then choose again",
    "forecast.no_live_run": "nothing runs live here, so that no forecast is made; run `mainshock monitor`",
    "forecast.none": "there is no forecast of the region: {reason}",
    "forecast.not_yet": "not yet",
    "forecast.withdrawn":
      "the forecast is withdrawn: its newest data are {age_h} h old, more than {limit_h} h; see that data arrive",
    "forecast.no_table": "tables are made after magnitude 5 or larger, and kept for a while",
    "shaking.no_magnitude": "the event has no magnitude",
    "shaking.no_map": "it is not made yet, or too many events waited, or it is too old",
    "segment.unknown": "there is no segment {index} of {region}; /api/v1/megathrust/segments lists all",
    "segment.no_relevance":
      "this installation holds no relevance of segments; install the whole package, or make it by recipes/megathrust/explain.py",
    "forecast.research": "Research result, not an official forecast.",
    "forecast.chances_alone":
      "Earthquakes cannot be predicted; these numbers are chances, and they change as new data arrive.",
    "forecast.agency": "Source of official advice: {agency}.",
    "forecast.generic": "Numbers marked generic come from parameters of other regions.",
    "forecast.not_validated": "The model was not validated for all windows shown.",
    "forecast.synthetic": "Model or data are synthetic.",
    "forecast.retrospective": "Retrospective: made after its window had opened.",
    "shaking.not_for_design": "Not for design use.",
    "shaking.synthetic_model": "The model {model} was trained on synthetic records, not on real ones.",
    "shaking.extrapolated":
      "{share} % of the sites lie outside what the model was trained on; their spread is widened.",
    "shaking.no_model": "no model of shaking is installed; train one with `mainshock shake train`",
    "feed.packets_wait": "packets wait: {error}",
    "feed.refused":
      "the last {count} packets were refused and none was used, for {kinds}; the reasons lie in the dead letters",
    "feed.shed":
      "{count} packets were dropped since the start, some of them just now: they come faster than they can be worked on",
    "stage.ended": "stage {stage} has ended: {error}",
    "stage.waits": "stage {stage} waits: {error}",
    "stage.fails": "stage {stage} fails: {error}",
    "housekeeping.catalogue": "the catalogue is not kept up to date: {error}",
    "model.unusable": "{model} was chosen and cannot be used: {error}",
    "forecast.no_model": "no forecast model is set; name its folder by --forecast-model",
    "forecast.being_made": "the forecast is being made; ask again in a minute",
    "change.settled": "settled",
    "change.late_records": "late records",
    "change.one_pick_more": "1 pick more",
    "change.picks_more": "{count} picks more",
    "change.one_pick_fewer": "1 pick fewer",
    "change.picks_fewer": "{count} picks fewer",
    "change.moved": "moved {distance_km} km",
    "change.picks_taken": "late records give its picks to another",
    "change.not_supported": "all picks together do not support it",
    "change.picks_withdrawn": "most of its picks are withdrawn",
    "magnitude.response_unknown": "none: no instrument response is known, and counts alone give no magnitude",
    "magnitude.response_at_none": "none: no instrument response at any of {count} stations",
    "magnitude.no_station": "none: no station of {count} gave a magnitude",
    "magnitude.place_unknown": "{station}: its coordinates are not known, so neither is its distance",
    "forecast.world_average": "Long-term numbers are those of an average place on Earth.",
    "forecast.unknown_stretch":
      "It knows of no event between {first} and {last}; aftershocks of what happened then are missing in it.",
    "forecast.at_bound": "{name} stopped at a bound of the search ({value}); it is not determined",
    "forecast.not_converged": "the ascent did not converge; parameters and errors are not to be trusted",
    "forecast.chosen_pairs": "the log-likelihood is from chosen pairs, which stand for all of them",
    "forecast.endless": "branching ratio {ratio}: sequences never end, simulations are refused",
    "forecast.elongated":
      "intensities follow the ruptures of large events; simulated catalogues and live grids place their aftershocks around the epicentres",
    "forecast.below_completeness":
      "magnitude {magnitude} is below {mc}, from which on the model's catalogue is complete; ask for {mc} or more, or fit a model with a lower --mc",
    "forecast.above_largest":
      "magnitude {magnitude} is not below {m_max}, the largest one of the model; ask for a smaller one",
    "forecast.too_long":
      "a window of {days} days is longer than {limit} days, which is as far as this model was validated; ask for a shorter one, or test the model by `forecast evaluate --tests --days {days} --record`",
    "forecast.too_long_untested":
      "a window of {days} days is longer than {limit} days, which is as far as this model may be used without validation; ask for a shorter one, or test the model by `forecast evaluate --tests --days {days} --record`",
    "region.box": "the area of longitude {west} to {east} and latitude {south} to {north}",
    "region.circle": "the area within {radius_km} km of longitude {longitude}, latitude {latitude}",
    "region.mainshock":
      "the area within {radius_km} km of the magnitude {magnitude} earthquake at {latitude}, {longitude}",
    "segment.potential": "Potential classification from about 33 independent great ruptures; not a forecast.",
    "segment.not_when": "It says nothing of when a segment will break, and little of whether it will.",
    "segment.century":
      "The catalogue covers little more than a century: \"no great earthquake\" means none seen yet.",
    "segment.location":
      "Skill near known ruptures is mostly location: neighbours share a rupture and a region.",
    "segment.held_out":
      "Each segment was assessed by a classifier that was taught neither its rupture nor anything within 100 km of it.",
    "segment.no_left_out":
      "Leave-one-region-out skill of this model is not stated. On the published tables nothing tried was better than chance there: macro-F1 0.40 (95 % interval 0.31 to 0.51).",
    "segment.left_out_both":
      "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, AUC within regions {auc}, against macro-F1 {prior} of the region prior.",
    "segment.left_out_auc":
      "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, AUC within regions {auc}.",
    "segment.left_out_prior":
      "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, against macro-F1 {prior} of the region prior.",
    "segment.left_out": "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}.",
    "segment.other_networks":
      "The networks that are explained are not the classifier that gives the probability, which also goes by neighbours along the trench; they see the same features and no place.",
    "segment.taught_nothing_near":
      "They were taught nothing within {exclusion_km} km of the segment; longer ruptures may have taught them.",
    "segment.no_better_than_place":
      "Macro-F1 on segments held out: {own}; knowing only the place {others}. The networks are no better than the place alone, and their reasons no better than they.",
    "segment.better_than_place":
      "Macro-F1 on segments held out: {own}; knowing only the place {others}. The networks are better than the place alone.",
    "segment.stability":
      "The ranking over all segments agrees between folds with a rank correlation of {correlation}; {told} of {features} features are told from made-up ones that are as smooth along the trench.",
    "segment.not_causes": "Attributions say what the classifier goes by, not what makes earthquakes great.",
    "segment.correlated":
      "Features rise and fall together and are smooth along the trench: read a ranking with its stability, its synthetic features and the sets of correlated features.",
    "segment.shared_training":
      "Intervals and stability are over folds that share most of their training: independent data would agree less.",
    "segment.not_explained": "{segment} is not among the segments that were explained",
    "segment.near_is_not_on": "Nearness does not say that the event lies on the plate interface.",
    "fault.from_shape":
      "Estimated from the shape of mapped traces alone, by a model of experiments: not measured.",
    "fault.steady_slip":
      "It is the efficiency of steady slip, as in clay experiments; one earthquake may differ.",
    "fault.mapping":
      "Traces that are missing, or mapped in more detail than elsewhere, change it; so does scale.",
    "fault.short_traces": "{count} traces of fewer than two places were left out",
    "fault.other_kinds": "{count} of type {kind} left out",
    "fault.doubtful_strike":
      "the main traces are only {elongation} times as long as wide: their strike is doubtful; mark the main trace by the property `kind`",
    "fault.empty_windows": "{count} windows without any trace were left out",
    "fault.no_fault": "{count} windows hold no fault and have no efficiency: {which}",
    "fault.left_out_scales":
      "{count} of {all} scales were left out: the fault is only {length} windows long, so the band is too narrow",
    "fault.not_geojson": "this is no GeoJSON object; give a FeatureCollection of LineStrings",
    "fault.no_trace": "no fault trace was found; give LineString or MultiLineString features",
    "fault.only_other_kinds":
      "no fault trace was found ({notes}); give LineString or MultiLineString features",
    "fault.no_window": "none of {count} windows along the main traces holds a trace; check the units",
  },
};
