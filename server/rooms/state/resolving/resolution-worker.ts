import { parentPort } from 'node:worker_threads';
import { type RoomVersionRules, rulesOf } from '../../../protocol/room-versions.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../../protocol/state-resolution/resolve.ts';
import type { Answer, Steps } from '../../../protocol/state-resolution/steps.ts';
import { parsedEventOf } from '../../read/stored-event.ts';
import type { Said, Told } from './messages.ts';

// A thread of its own: it resolves one conflict of states after the other, and asks the server for the events of it.

const port = parentPort!;
let underWay: { readonly rules: RoomVersionRules; readonly steps: Steps<StateMap> };

port.on('message', (told: Told) => {
  if (told.kind === 'events') {
    const events = told.events.map((each) => parsedEventOf(each, underWay.rules));
    return goOn({ events });
  }
  const rules = rulesOf(told.version)!;
  underWay = { rules, steps: resolveConflict(told, { roomId: told.roomId, rules }) };
  goOn({});
});

/** Up to the next events that it lacks. */
function goOn(answer: Answer): void {
  let step = underWay.steps.next(answer);
  // There is no index that knew it: without an answer the resolution finds it out by events.
  while (!step.done && step.value.kind === 'reached') step = underWay.steps.next({});
  const said: Said = step.done
    ? { kind: 'resolved', resolved: step.value }
    : { kind: 'asks', ids: step.value.ids };
  port.postMessage(said);
}
