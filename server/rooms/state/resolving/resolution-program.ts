import { serveAside } from '../../../aside/serve-aside.ts';
import type { EventId } from '../../../protocol/identifiers.ts';
import { rulesOf } from '../../../protocol/room-versions.ts';
import type { EventText } from '../../read/stored-event.ts';
import { namesInPieces, type Said, type StateEntry, type Task, type Told } from './messages.ts';
import { resolveTold } from './resolve-told.ts';

// A process of its own: it resolves one conflict of states after the other, and asks the server for the events of it.

let states: Map<string, EventId>[] = [];
let entries: StateEntry[] = [];
let events: EventText[] = [];
let goOn: (events: readonly EventText[]) => void;

const say = serveAside<Told, Said>((told) => {
  if (told.kind === 'state') {
    entries.push(...told.some);
    if (!told.isLast) return;
    states.push(new Map(entries));
    entries = [];
  } else if (told.kind === 'events') {
    events.push(...told.some);
    if (!told.isLast) return;
    const all = events;
    events = [];
    goOn(all);
  } else void resolve(told);
});

async function resolve({ roomId, version }: Task): Promise<void> {
  const [unconflicted, ...conflicted] = states;
  states = [];
  const room = { roomId, rules: rulesOf(version)! };
  const resolved = await resolveTold({ unconflicted: unconflicted!, conflicted }, room, ask);
  for (const piece of namesInPieces(resolved)) say({ kind: 'resolved', ...piece });
}

function ask(ids: readonly EventId[]): Promise<readonly EventText[]> {
  const { promise, resolve: answered } = Promise.withResolvers<readonly EventText[]>();
  goOn = answered;
  for (const piece of namesInPieces(ids)) say({ kind: 'asks', ...piece });
  return promise;
}
