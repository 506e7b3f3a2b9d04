import type { EventId } from '../../protocol/identifiers.ts';
import type { Row, Write } from '../write.ts';

/** The event came through this server, which passes it on to the others in the room. */
export const passedOnRow = (eventId: EventId, roomNid: number): Row => ({
  write: PUT_PASSED_ON,
  values: [eventId, roomNid],
});

/** Of a row of the table `event`. */
export const isPassedOn = (event: string): string =>
  `EXISTS (SELECT 1 FROM federation_passed_on passed WHERE passed.event_id = ${event}.event_id)`;

const PUT_PASSED_ON: Write = {
  name: 'put_passed_on',
  table: 'federation_passed_on',
  sql: `INSERT INTO federation_passed_on (event_id, room_nid)
    SELECT * FROM unnest($1::text[], $2::int8[]) ON CONFLICT (event_id) DO NOTHING`,
  types: ['text', 'int8'],
  key: ([eventId]) => String(eventId),
};
