import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventId } from '../../server/protocol/identifiers.ts';
import { separate } from '../../server/protocol/state-resolution/conflict.ts';
import type { EventText } from '../../server/rooms/read/stored-event.ts';
import { ResolutionProcess } from '../../server/rooms/state/resolving/resolution-process.ts';
import { resolveTold } from '../../server/rooms/state/resolving/resolve-told.ts';
import { textOfEvent } from '../support/event-text.ts';
import { LargeRoom } from '../support/large-room.ts';

// `node test/bench/resolution.ts`: two states of a room of 20,000 entries that differ in some, resolved on the event loop and
// in a process of its own: how long that takes, and how late the event loop is meanwhile. Events are in memory, as text.

const ENTRIES = 20_000;
const WITHIN_MS = 60_000;
const VERSION = '11';

for (const conflicted of [50, 200, 1_000, 5_000]) {
  const { room, events, states } = new LargeRoom({
    version: VERSION,
    entries: ENTRIES,
    conflicted,
  });
  const about = { roomId: room.create.roomId, rules: room.rules };
  const conflict = separate(states, room.rules);
  const texts = new Map<EventId, EventText>();
  for (const event of events.values()) texts.set(event.eventId, textOfEvent(event, room.rules));
  const tell = async (ids: readonly EventId[]) => ids.flatMap((id) => texts.get(id) ?? []);
  const here = () => resolveTold(conflict, about, tell);
  const process = new ResolutionProcess();
  const aside = () =>
    process.resolve(
      { roomId: about.roomId, version: VERSION, ...conflict },
      { tell, who: about.roomId, withinMs: WITHIN_MS },
    );
  for (const [name, work] of [
    ['here', here],
    ['aside, process started', aside],
    ['aside', aside],
    ['here again', here],
    ['aside again', aside],
  ] as const)
    await measure(`${conflicted} conflicts ${name}`, work);
  process.close();
}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  let [last, lateMs] = [performance.now(), 0];
  const turn = () => {
    const now = performance.now();
    lateMs = Math.max(lateMs, now - last);
    last = now;
  };
  const turning = setInterval(turn, 1);
  await sleep(20);
  lateMs = 0;
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  // Its own last turn counts, too.
  turn();
  clearInterval(turning);
  const load = loadavg()[0]!.toFixed(1);
  console.log(`${name}: ${ms.toFixed(0)} ms, late by ${lateMs.toFixed(0)} (load ${load})`);
}
