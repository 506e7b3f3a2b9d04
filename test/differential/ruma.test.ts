import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roomVersions } from '../../server/protocol/room-versions.ts';
import { makeHistory } from './history.ts';
import { answerOf, questionOf, sorted } from './history-question.ts';
import { HISTORIES, inTurn } from './in-turn.ts';
import { findRuma, type Peer, startPeer } from './peer.ts';
import { hangsOnReading, isAllowedByRuma } from './ruma-readings.ts';

/**
 * ruma's state resolution and authorization rules must say the same as ours of every history that a
 * seed makes, but where it reads them otherwise (README.md).
 */
const program = findRuma();
if (program === undefined) {
  console.warn(
    'Left out: the comparison with ruma. `cargo build --release` in test/differential/ruma brings it.',
  );
}

describe.skipIf(program === undefined)(
  'state resolution and authorization, beside those of ruma',
  { timeout: 3_600_000 },
  () => {
    let peer: Peer;
    beforeAll(() => {
      peer = startPeer(program!);
    });
    afterAll(() => peer[Symbol.asyncDispose]());

    const share = Math.ceil(HISTORIES / roomVersions().length);
    test.for([...roomVersions()])(
      'every history of room version %s comes out the same',
      async (version) => {
        let apart = 0;
        await inTurn(share, async (seed) => {
          const history = makeHistory(seed, version);
          const theirs = await peer.ask<RumaAnswer>(questionOf(history));
          const told = `seed ${seed}: ${theirs.error ?? JSON.stringify(theirs.verdicts)}`;
          const allowed = theirs.verdicts?.map((refusal) => refusal === null);
          const expected = history.checks.map((check) => isAllowedByRuma(check, history));
          expect(allowed, told).toEqual(expected);
          if (hangsOnReading(history)) apart++;
          else if (version !== '1')
            expect(theirs.resolved?.map(sorted), told).toEqual(answerOf(history).resolved);
        });
        // What little is left out must stay little.
        expect(apart).toBeLessThan(5 + share / 8);
      },
    );
  },
);

interface RumaAnswer {
  error?: string;
  /** Why an event is refused; null where it is allowed. */
  verdicts?: (string | null)[];
  resolved?: [string, string, string][][] | null;
}
