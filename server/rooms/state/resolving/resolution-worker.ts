import { parentPort } from 'node:worker_threads';
import type { EventId } from '../../../protocol/identifiers.ts';
import { rulesOf } from '../../../protocol/room-versions.ts';
import type { EventText } from '../../read/stored-event.ts';
import type { Said, Task, Told } from './messages.ts';
import { resolveTold } from './resolve-told.ts';

// A thread of its own: it resolves one conflict of states after the other, and asks the server for the events of it.

const port = parentPort!;
const say = (said: Said) => port.postMessage(said);
let goOn: (events: readonly EventText[]) => void;

port.on('message', (told: Told) => {
  if (told.kind === 'events') goOn(told.events);
  else void resolve(told);
});

async function resolve({ roomId, version, ...conflict }: Task): Promise<void> {
  const room = { roomId, rules: rulesOf(version)! };
  say({ kind: 'resolved', resolved: await resolveTold(conflict, room, ask) });
}

function ask(ids: readonly EventId[]): Promise<readonly EventText[]> {
  const { promise, resolve: answered } = Promise.withResolvers<readonly EventText[]>();
  goOn = answered;
  say({ kind: 'asks', ids });
  return promise;
}
