import { getEventByTimestamp } from './get-event-by-timestamp.ts';
import { getEventContext } from './get-event-context.ts';
import { getEvents } from './get-events.ts';
import { getOneEvent } from './get-one-event.ts';
import { getOneRoomEvent } from './get-one-room-event.ts';
import { getRoomEvents } from './get-room-events.ts';
import { getRoomState } from './get-room-state.ts';
import { getRoomStateWithKey } from './get-room-state-with-key.ts';
import { initialSync } from './initial-sync.ts';
import { redactEvent } from './redact-event.ts';
import { roomInitialSync } from './room-initial-sync.ts';
import { sendMessage } from './send-message.ts';
import { sendMessageWithoutTxn } from './send-message-without-txn.ts';
import { setRoomStateWithKey } from './set-room-state-with-key.ts';

export const eventEndpoints = [
  sendMessage,
  sendMessageWithoutTxn,
  redactEvent,
  setRoomStateWithKey,
  getRoomStateWithKey,
  getRoomState,
  getOneRoomEvent,
  getRoomEvents,
  roomInitialSync,
  getEventContext,
  getEventByTimestamp,
  getEvents,
  initialSync,
  getOneEvent,
];
