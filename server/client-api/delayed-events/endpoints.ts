import {
  cancelDelayedEvent,
  restartDelayedEvent,
  sendDelayedEvent,
  updateDelayedEvent,
} from './act-on-delayed-event.ts';
import { getDelayedEvent } from './get-delayed-event.ts';
import { getDelayedEvents } from './get-delayed-events.ts';
import { scheduleDelayedEvent } from './schedule-delayed-event.ts';

/** MSC4140. */
export const delayedEventEndpoints = [
  scheduleDelayedEvent,
  getDelayedEvents,
  getDelayedEvent,
  restartDelayedEvent,
  cancelDelayedEvent,
  sendDelayedEvent,
  updateDelayedEvent,
];
