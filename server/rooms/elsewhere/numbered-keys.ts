import { rowsAlone } from '../../log/change.ts';
import { type Event, stateKeyOf } from '../../protocol/event.ts';
import type { Building } from '../write/building.ts';

/** As many as are looked for and committed together: fewer than are remembered as not there. */
const AT_ONCE = 1_000;

/** The numbers of these events' keys. Those that had none are given one for good, whatever becomes of the room. */
export async function numberedKeys(
  building: Building,
  events: readonly Event[],
): Promise<ReadonlyMap<string, number>> {
  const names = events.map(({ type, stateKey = '' }) => ({ type, stateKey }));
  const numbers = new Map<string, number>();
  for (let from = 0; from < names.length; from += AT_ONCE)
    for (const [name, keyNid] of await numbered(building, names.slice(from, from + AT_ONCE)))
      numbers.set(name, keyNid);
  return numbers;
}

async function numbered(
  { ports, keys }: Building,
  names: readonly { type: string; stateKey: string }[],
): Promise<[string, number][]> {
  await keys.learn(names);
  const held: number[] = [];
  try {
    return await ports.log
      .commit((position) => {
        const interned = names.map((name) => keys.intern(name, position));
        const carried = interned.filter(({ isCommitted }) => !isCommitted).map(({ key }) => key);
        held.push(...carried.map(({ keyNid }) => keyNid));
        const value = interned.map(({ key }): [string, number] => [
          stateKeyOf(key.type, key.stateKey),
          key.keyNid,
        ]);
        return { change: rowsAlone(carried.map(ports.store.rows.stateKey)), value };
      })
      .then((value) => {
        for (const keyNid of held) keys.committed(keyNid);
        return value;
      });
  } finally {
    for (const keyNid of held) keys.letGo(keyNid);
  }
}
