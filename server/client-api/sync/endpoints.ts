import { getPresence } from './get-presence.ts';
import { postReceipt } from './post-receipt.ts';
import { setPresence } from './set-presence.ts';
import { setReadMarker } from './set-read-marker.ts';
import { setTyping } from './set-typing.ts';
import { sync } from './sync.ts';

export const syncEndpoints = [
  sync,
  setTyping,
  postReceipt,
  setReadMarker,
  getPresence,
  setPresence,
];
