import { expect, test } from 'vitest';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { FederationRequest } from '../federation-client.ts';
import { RoomQuestions } from './room-questions.ts';

// Events of versions 1 to 5 may hold 1.0 or 2^60, and are hashed and signed as these are written.
test('events are told with their numbers as they stand, each read by itself', async () => {
  const asked: FederationRequest[] = [];
  const questions = new RoomQuestions({
    ask: async (_server, request) => {
      asked.push(request);
      return {};
    },
  });
  const server = 'other.example.org' as ServerName;
  const [roomId, eventId] = ['!r:example.org' as RoomId, '$e:example.org' as EventId];
  const common = { roomId, withinMs: 1_000, limit: 1 };
  await questions.missingEvents(server, {
    ...common,
    latest: [eventId],
    earliest: [],
    minDepth: 0,
  });
  await questions.event(server, { ...common, eventId });
  await questions.backfill(server, { ...common, from: [eventId] });
  expect(asked.map(({ lists }) => [...lists!])).toEqual(Array(3).fill(['events', 'pdus']));
});
