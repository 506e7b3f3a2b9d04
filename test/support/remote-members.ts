import type { Log } from '../../server/log/log.ts';
import type { EventId, RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { Database } from '../../server/storage/database.ts';
import { roomStore } from '../../server/storage/rooms/room-store.ts';

let made = 0;

/** Puts a membership of another server's user into a room, as if it had been received. */
export async function putRemoteMember(
  { log, database }: { log: Pick<Log, 'commit'>; database: Database },
  roomId: RoomId,
  { userId, membership }: { userId: UserId; membership: string },
): Promise<void> {
  const { rows, stateKeysByName, roomsById } = roomStore(database, async () => {});
  const [room] = await roomsById([roomId]);
  const roomNid = room!.nid;
  const [known] = await stateKeysByName([{ type: 'm.room.member', stateKey: userId }]);
  const [before] = await database.query<{ nid: number }>(
    'test_member_before',
    'SELECT event_nid AS nid FROM current_state WHERE room_nid = $1 AND key_nid = $2',
    [roomNid, known?.keyNid ?? 0],
  );
  await log.commit((next) => {
    const [eventNid, position] = [next(), next()];
    const keyNid = known?.keyNid ?? next();
    const eventId = `$remote${++made}` as EventId;
    const type = 'm.room.member';
    const pdu = { type, state_key: userId, sender: userId, content: { membership }, depth: 1 };
    const more = { room_id: roomId, origin_server_ts: 1, prev_events: [], auth_events: [] };
    const entry = { userId, roomNid, membership, position };
    return {
      value: undefined,
      change: {
        rows: [
          rows.event({
            ...{ nid: eventNid, roomNid, eventId, depth: 1, position: eventNid, sender: userId },
            ...{ originServerTs: 1, stateBefore: 0, stateAfter: 0, replacesNid: before?.nid },
            ...{ type, stateKey: userId, deviceId: undefined, txnId: undefined },
            json: JSON.stringify({ ...pdu, ...more, hashes: {}, signatures: {} }),
          }),
          rows.stateKey({ keyNid, type, stateKey: userId }),
          rows.currentState({ roomNid, keyNid, eventNid, membership }),
          rows.stateChange({ roomNid, position, keyNid, eventNid, replacedNid: before?.nid }),
          rows.membership({ ...entry, since: position, forgotten: false }),
          rows.membershipHistory({ ...entry, eventNid }),
        ],
        records: [
          { position: eventNid, record: { kind: 'event', roomId, eventId } },
          { position, record: { kind: 'state', roomId, type, stateKey: userId, eventNid } },
        ],
        touches: [`room:${roomId}`],
      },
    };
  });
}
