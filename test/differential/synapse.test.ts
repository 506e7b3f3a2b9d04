import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../server/protocol/canonical-json.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { evaluate } from '../../server/protocol/push-rules/evaluate.ts';
import { roomVersions } from '../../server/protocol/room-versions.ts';
import { type History, makeHistory } from './history.ts';
import { contentHashOf, redacted, SIGNER, signatureOf } from './ours.ts';
import { findSynapse, type Peer, startPeer } from './peer.ts';
import { makePushQuestion } from './push-question.ts';
import { seeded } from './random.ts';

/**
 * Synapse, as a library, must say the same as we of every history that a seed makes: ids, hashes,
 * redactions, signatures, who may do what, and what the room's state is where the graph forks.
 * `HISTORIES=20000 npx vitest run test/differential` asks more of it, `FIRST_HISTORY` starts elsewhere.
 */
const HISTORIES = Number(process.env.HISTORIES ?? 400);
const FIRST_HISTORY = Number(process.env.FIRST_HISTORY ?? 1);
const python = findSynapse();
if (python === undefined) {
  console.warn('Left out: the comparison with Synapse. `pip install matrix-synapse` brings it.');
}

describe.skipIf(python === undefined)(
  'the protocol, compared with Synapse',
  { timeout: 3_600_000 },
  () => {
    let peer: Peer;
    beforeAll(() => {
      peer = startPeer(python!);
    });
    afterAll(() => peer[Symbol.asyncDispose]());

    const share = Math.ceil(HISTORIES / roomVersions().length);
    test.for([...roomVersions()])(
      'every history of room version %s comes out the same',
      async (version) => {
        let refused = 0;
        let conflicts = 0;
        await inTurn(share, async (seed) => {
          const history = makeHistory(seed, version);
          const theirs = await peer.ask<PeerHistory>(questionOf(history));
          const allowed = theirs.verdicts?.map((refusal) => refusal === null);
          expect({ ...theirs, verdicts: allowed }, told(seed, theirs)).toEqual(answerOf(history));
          refused += history.rejected.size;
          conflicts += history.resolutions.length;
        });
        // Histories in which all is allowed, or none of it, would prove little.
        expect(refused).toBeGreaterThan(share);
        expect(conflicts).toBeGreaterThan(share);
      },
    );

    test('push rules match the same events, with the same actions', async () => {
      let matched = 0;
      await inTurn(HISTORIES, async (seed) => {
        const question = makePushQuestion(seeded(seed));
        const { event, rules, memberCount, displayName, senderPowerLevel, notifications } =
          question;
        const context = {
          memberCount,
          displayName,
          senderPowerLevel,
          notificationPowerLevel: (key: string) => notifications[key] ?? 50,
        };
        const ours = evaluate(event, rules, context);
        const { actions } = await peer.ask<{ actions: unknown }>({ kind: 'push', ...question });
        expect(actions, `seed ${seed}`).toEqual(ours);
        if (ours.length > 0) matched++;
      });
      expect(matched).toBeGreaterThan(HISTORIES / 10);
    });
  },
);

interface PeerHistory {
  error?: string;
  events: { event_id: string; content_hash: string; redacted: string }[];
  /** Why an event is refused; null where it is allowed. */
  verdicts?: (string | null)[];
  resolved: [string, string, string][][];
  signatures: string[];
}

const told = (seed: number, { error, verdicts }: PeerHistory) =>
  `seed ${seed}: ${error ?? JSON.stringify(verdicts)}`;

/** Both sides' answers in one shape: a verdict counts by being a refusal or not, words are each one's own. */
function answerOf(history: History) {
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

function questionOf(history: History) {
  return {
    kind: 'history',
    version: history.version,
    roomId: history.events[0]!.roomId,
    events: history.events.map((event) => event.pdu),
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

const triple = (event: History['events'][number]): [string, string, string] => [
  event.type,
  event.stateKey!,
  event.eventId,
];

const sorted = (list: [string, string, string][]) =>
  list.sort((one, other) => (one.join('\u0000') < other.join('\u0000') ? -1 : 1));

/** What is left of an event when it is redacted; `unsigned` and signatures are no part of that. */
function comparable({ unsigned: _, signatures: __, ...rest }: JsonObject): string {
  return canonicalJson(rest);
}

/** A few at a time, so that neither side waits for the other. */
async function inTurn(count: number, each: (seed: number) => Promise<void>) {
  const ABREAST = 16;
  for (let from = 0; from < count; from += ABREAST) {
    const seeds = Array.from({ length: Math.min(ABREAST, count - from) }, (_, at) => from + at);
    await Promise.all(seeds.map((seed) => each(FIRST_HISTORY + seed)));
  }
}
