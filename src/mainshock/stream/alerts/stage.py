"""The stage that turns versions of events into messages to be sent."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import MainshockError
from mainshock.stream.alerts.base import AlertRequest, FormerMessage
from mainshock.stream.alerts.config import AlertSettings, Rule
from mainshock.stream.alerts.payload import event_summary, station_codes
from mainshock.stream.alerts.rules import SentAlert, decide, matches
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_event_message
from mainshock.stream.records import EventVersion, VersionKind

__all__ = ["AlertStage", "AlertState"]

log = logging.getLogger(__name__)

AlertState = dict[str, dict[str, SentAlert]]
"""The last message by event id and alert id."""

_KEPT_NS = 30 * 86_400 * 1_000_000_000  # events change, or are withdrawn, much sooner


class AlertStage:
    """Reads ``event.v1``, applies the rules, and writes what is to be sent to ``alert.v1``.

    Parameters
    ----------
    settings
        Rules and names of channels.
    is_replay
        Whether old records are played again: every message says so, and how late it is by the
        clock does not matter.

    Notes
    -----
    A first message is ``new``; what follows is ``update``, also when the rule would not choose
    the event any more, for those who were alerted must not be left with what is no longer true.
    A ``cancel`` goes to every channel that was told, whatever the rules say by then. The version
    of a message is that of the event: it grows, with steps left out. An event is forgotten 30
    days (of arrival) after its last message.
    """

    name = "alerts"
    topics = ("event.v1",)

    def __init__(self, settings: AlertSettings, is_replay: bool = False) -> None:
        self.settings = settings
        self.is_replay = is_replay

    def start(self) -> AlertState:
        """Return the state in which nobody was told of anything."""
        return {}

    def step(
        self, state: AlertState, messages: Sequence[Message]
    ) -> tuple[AlertState, list[Message]]:
        """Return the state after some versions of events, and what is to be sent about them.

        A message that is no event goes to ``deadletter.v1``.
        """
        made: list[Message] = []
        for message in messages:
            try:
                version = read_event_message(message)
            except (MainshockError, ValueError) as error:
                log.warning("%s is no version of an event: %s", message.identity, error)
                made.append(replace(message, topic="deadletter.v1"))
                continue
            made.extend(self._requests(state, version, message))
        return state, made

    def _requests(
        self, state: AlertState, version: EventVersion, message: Message
    ) -> Iterator[Message]:
        told = state.get(version.event_id, {})
        pairs = [(rule.name, channel) for rule in self.settings.rules for channel in rule.channels]
        # what was alerted by a rule that is gone must still be cancelled
        pairs += [(sent.rule, sent.channel) for sent in told.values()]
        for rule, channel in dict.fromkeys(pairs):
            alert_id = f"{version.event_id}.{rule}.{channel}"
            sent = told.get(alert_id)
            kind = decide(self.settings.rules, rule, sent, version, message.arrival_ns)
            if kind is None:
                continue
            former = () if sent is None or kind == "new" else sent.messages
            request = self._request(alert_id, rule, channel, kind, version, former)
            if not told:
                _forget_old(state, message.arrival_ns)
            told = state.setdefault(version.event_id, told)
            told[alert_id] = _sent(request, version, message.arrival_ns)
            yield Message(
                topic="alert.v1",
                key=version.event_id,
                identity=f"{alert_id}#{version.version}",
                value=request.json_bytes(),
                data_ns=message.data_ns,
                arrival_ns=message.arrival_ns,
                trace=message.trace,
            )

    def _request(
        self,
        alert_id: str,
        rule_name: str,
        channel: str,
        kind: VersionKind,
        version: EventVersion,
        former: tuple[FormerMessage, ...],
    ) -> AlertRequest:
        rule = self._rule(rule_name)
        return AlertRequest(
            alert_id=alert_id,
            event_id=version.event_id,
            version=version.version,
            kind=kind,
            status=version.status,
            issued=version.issued,
            rule=rule_name,
            channel=channel,
            event=event_summary(version),
            reason=version.reason,
            is_synthetic=version.is_synthetic,
            is_replay=self.is_replay,
            matches_rule=rule is not None and matches(rule, version),
            send_before=None
            if self.is_replay or rule is None
            else version.event.origin.time + timedelta(seconds=rule.stale_after_s),
            link=self.settings.link.replace("{event_id}", quote(version.event_id, safe="")),
            former=former,
        )

    def _rule(self, name: str) -> Rule | None:
        return next((rule for rule in self.settings.rules if rule.name == name), None)

    def finish(self, state: AlertState) -> tuple[AlertState, list[Message]]:
        """Nothing is left to say."""
        return state, []

    def snapshot(self, state: AlertState) -> bytes:
        """Return the state as JSON."""
        return json.dumps(to_document(state), separators=(",", ":")).encode()

    def restore(self, snapshot: bytes) -> AlertState:
        """Return the state that bytes of ``snapshot`` hold."""
        return {
            event_id: {name: from_document(SentAlert, one) for name, one in told.items()}
            for event_id, told in json.loads(snapshot).items()
        }


def _sent(request: AlertRequest, version: EventVersion, arrival_ns: int) -> SentAlert:
    event = version.event
    now = FormerMessage(
        request.version, request.issued, request.status, len(station_codes(event.arrivals))
    )
    return SentAlert(
        rule=request.rule,
        channel=request.channel,
        kind=request.kind,
        longitude=event.origin.longitude,
        latitude=event.origin.latitude,
        depth_km=event.origin.depth_km,
        magnitude=None if event.magnitude is None else event.magnitude.value,
        quality=event.quality,
        arrival_ns=arrival_ns,
        messages=(*request.former, now),
    )


def _forget_old(state: AlertState, arrival_ns: int) -> None:
    old = [
        event_id
        for event_id, told in state.items()
        if max(sent.arrival_ns for sent in told.values()) < arrival_ns - _KEPT_NS
    ]
    for event_id in old:
        del state[event_id]
