import { type DelayedEventPorts, DelayedEvents } from './delayed-events.ts';
import { forgetFinalised } from './forget-finalised.ts';

const FORGET_EVERY_MS = 600_000;

/** Everything of this folder, put together. */
export function delayedEventFeatures(ports: DelayedEventPorts) {
  const delayedEvents = new DelayedEvents(ports);
  const forgetting = setInterval(
    () => void forgetFinalised(ports).catch(ports.onError),
    FORGET_EVERY_MS,
  ).unref();
  return {
    ports: { delayedEvents },
    begin: () => delayedEvents.begin(),
    close() {
      clearInterval(forgetting);
      delayedEvents.close();
    },
  };
}
