import { canonicalJson } from '../../server/protocol/canonical-json.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { History } from './history.ts';
import { contentHashOf, redacted, SIGNER, signatureOf } from './ours.ts';

/** What a peer is asked of a history. Of what is in it, it answers what it can. */
export function questionOf(history: History) {
  return {
    kind: 'history',
    version: history.version,
    roomId: history.events[0]!.roomId,
    events: history.events.map((event) => event.pdu),
    ids: history.events.map((event) => event.eventId),
    rejected: [...history.rejected],
    checks: history.checks.map(({ event, state }) => ({
      event: event.eventId,
      state: state.map((each) => each.eventId),
    })),
    resolutions: history.resolutions.map(({ sets }) =>
      sets.map((set) => [...set.values()].map(triple)),
    ),
    ...SIGNER,
  };
}

/** Both sides' answers in one shape: a verdict counts by being a refusal or not, words are each one's own. */
export function answerOf(history: History) {
  return {
    events: history.events.map((event) => ({
      event_id: event.eventId,
      content_hash: contentHashOf(event),
      redacted: comparable(redacted(event, history.version)),
    })),
    verdicts: history.checks.map((check) => check.verdict === undefined),
    resolved: history.resolutions.map(({ resolved }) => sorted([...resolved.values()].map(triple))),
    signatures: history.events.map((event) => signatureOf(event, history.version)),
  };
}

const triple = (event: History['events'][number]): [string, string, string] => [
  event.type,
  event.stateKey!,
  event.eventId,
];

export const sorted = (list: [string, string, string][]) =>
  list.sort((one, other) => (one.join('\u0000') < other.join('\u0000') ? -1 : 1));

/** What is left of an event when it is redacted; `unsigned` and signatures are no part of that. */
function comparable({ unsigned: _, signatures: __, ...rest }: JsonObject): string {
  return canonicalJson(rest);
}
