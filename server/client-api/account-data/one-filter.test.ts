import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';

test.each([
  [{ room: { timeline: { limit: 0 } } }, 200],
  [{ room: { state: { types: null } } }, 200],
  [{ room: { timeline: { limit: -1 } } }, 400],
  [{ presence: { senders: ['alice'] } }, 400],
  [{ room: { not_rooms: ['r'] } }, 400],
  [{ event_fields: 'content' }, 400],
])(
  'the filter %j is one or none alike, stored and as it is given to /sync',
  async (filter, status) => {
    await using api = await startApi();
    const token = await api.register('alice');
    const path = '/user/@alice:example.org/filter';
    const stored = await api.ask(`POST ${path}`, { token, body: filter });
    const inline = encodeURIComponent(JSON.stringify(filter));
    const given = await api.ask(`GET /sync?filter=${inline}`, { token });
    expect([stored.status, given.status]).toEqual([status, status]);
  },
);
