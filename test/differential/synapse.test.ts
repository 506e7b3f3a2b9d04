import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../server/protocol/push-rules/evaluate.ts';
import { roomVersions } from '../../server/protocol/room-versions.ts';
import { makeHistory } from './history.ts';
import { answerOf, questionOf } from './history-question.ts';
import { HISTORIES, inTurn } from './in-turn.ts';
import { findSynapse, type Peer, startPeer } from './peer.ts';
import { makePushQuestion } from './push-question.ts';
import { seeded } from './random.ts';

/**
 * Synapse, as a library, must say the same as we of every history that a seed makes: ids, hashes,
 * redactions, signatures, who may do what, and what the room's state is where the graph forks.
 */
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
      peer = startPeer(python!, [join(import.meta.dirname, 'synapse_peer.py')]);
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
          steps: { left: 1_000_000 },
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
