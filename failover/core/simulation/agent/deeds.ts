import type { Deeds } from '../../effects.ts';
import { deedsWithAddress } from './address.ts';
import { deedsAtSite } from './at-site.ts';
import type { Interface } from './interface.ts';
import { deedsWithLeases } from './leases.ts';
import type { Answer } from './machines.ts';
import { deedsWithMembers } from './members.ts';
import type { Parts } from './parts.ts';
import { deedsWithPeers } from './peers.ts';
import { deedsWithPrimaries } from './primaries.ts';
import { deedsWithPromises } from './promises.ts';
import type { Questions } from './questions.ts';

interface Around {
  readonly addresses: Interface;
  readonly questions: Questions;
  readonly answered: (id: string, answer: Answer) => void;
}

/** What is done about each effect; by and by the process is told of the end, as in deeds.ts of the agent. */
export const deedsOf = (parts: Parts, { addresses, questions, answered }: Around): Deeds<void> => ({
  ...deedsWithLeases(parts),
  ...deedsWithPrimaries(parts),
  ...deedsWithPromises(parts),
  ...deedsWithMembers(parts),
  ...deedsWithAddress(parts, addresses),
  ...deedsAtSite(parts),
  ...deedsWithPeers(parts, questions),
  answer: ({ id, ...answer }) => void answered(id, answer),
});
