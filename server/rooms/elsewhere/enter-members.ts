import type { HotRoom } from '../memory/hot-room.ts';
import { readStates } from '../state/state-before.ts';
import { chainOf } from '../state/state-chain.ts';
import { hashOfState } from '../state/state-hash.ts';
import { changeOutside } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { type EntryEvent, entryEvents } from './entry.ts';
import { layMembers } from './laid-entries.ts';
import { numberedKeys } from './numbered-keys.ts';
import type { Elsewhere } from './other-servers.ts';
import type { PartialJoin } from './partial-join.ts';
import type { ReceivedState } from './received-state.ts';
import { stagedEvents } from './staged-events.ts';
import { NotUsable } from './try-servers.ts';
import { type Restated, WholeChange } from './whole-change.ts';

interface Becoming {
  readonly room: HotRoom;
  readonly lane: Elsewhere['lane'];
  readonly partial: PartialJoin;
}

/** A room that was joined without its members gets them: laid down first, and by one change a part of every state since. */
export async function enterMembers(
  building: Building,
  { room: { roomId }, lane, partial }: Becoming,
  { rules, state, others }: ReceivedState,
): Promise<void> {
  const { roomNid } = partial;
  const told = state.filter(({ type }) => type === 'm.room.member');
  const keys = await numberedKeys(building, told);
  const nids = await stagedEvents(building, lane, { roomNid, rules }, [...others, ...state]);
  const create = state.find(({ type }) => type === 'm.room.create')!;
  const members = entryEvents(told, { keys, nids });
  await building.passages.alone(roomId, async () => {
    const room = await building.rooms.get(roomId);
    if (!isStill(room, partial)) return;
    const key = building.keys.find('m.room.create', '');
    if (!key || room.state.get(key.keyNid) !== nids.get(create.eventId))
      throw new NotUsable('it tells of another room than was joined');
    await layMembers(building, lane, { room, members });
    await changeOutside(building.rooms, roomId, async (now) => {
      if (isStill(now, partial)) await committed(building, now, { partial, members });
    });
  });
}

/** It may have been deleted meanwhile, or left and entered anew. */
const isStill = (room: HotRoom | undefined, { roomNid }: PartialJoin): room is HotRoom =>
  room?.isPartial === true && room.nid === roomNid;

async function committed(
  { keys, ports }: Building,
  room: HotRoom,
  { partial, members }: { partial: PartialJoin; members: readonly EntryEvent[] },
): Promise<void> {
  const restated = await restatedStates(ports.store, room, { partial, members });
  await ports.log.commit((position) => {
    const change = new WholeChange({ room, members, position, keys, tools: ports });
    return { change: change.of(restated), value: undefined };
  });
}

/** All states that the room was in since our join, without what of the members our own users have changed there. */
async function restatedStates(
  store: Building['ports']['store'],
  { nid: roomNid }: HotRoom,
  { partial, members }: { partial: PartialJoin; members: readonly EntryEvent[] },
): Promise<Restated> {
  const [join] = await store.eventsByNid([partial.eventNid]);
  const stateNids = await store.statesFrom({ roomNid, stateNid: join!.stateBefore! });
  const states = (await readStates(stateNids, { store })).map((entries, index) => ({
    ...{ nid: stateNids[index]!, entries },
  }));
  const all = new Map(members.map(({ keyNid, nid }) => [keyNid, nid] as const));
  // What our users change stays theirs, so behind the first that lacks nobody none does.
  const lacking = states.filter(({ entries }) => all.keys().some((each) => !entries.has(each)));
  const first = lacking[0] && new Map([...all, ...lacking[0].entries]);
  const last = stateNids.at(-1)!;
  const stays =
    lacking.length < states.length ? chainOf(await store.stateWithBases(last)) : undefined;
  return { lacking, members: all, first, hash: await hashOfState(first ?? new Map()), stays };
}
