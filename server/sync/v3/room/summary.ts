import type { UserId } from '../../../protocol/identifiers.ts';
import type { Membership } from '../../../rooms/membership/membership.ts';
import type { Room } from '../../../rooms/room.ts';

const HEROES_MAX = 5;

export interface Summary {
  /** Present where the room has no name of its own. */
  readonly 'm.heroes'?: readonly UserId[];
  readonly 'm.joined_member_count': number;
  readonly 'm.invited_member_count': number;
}

/** What a client needs to name a room whose members it has not loaded. */
export async function summaryOf(room: Room, reader: UserId): Promise<Summary> {
  const counts = {
    'm.joined_member_count': room.joinedCount,
    'm.invited_member_count': room.invitedCount,
  };
  if (await hasName(room, reader)) return counts;
  return { 'm.heroes': heroesOf(room, reader), ...counts };
}

async function hasName(room: Room, reader: UserId): Promise<boolean> {
  const event = await room.stateEvent('m.room.name', '');
  const [name] = event ? await room.shownTo(reader, [event]) : [];
  if (isFilled(name?.content.name)) return true;
  const alias = await room.stateEvent('m.room.canonical_alias', '');
  return isFilled(alias?.content.alias);
}

const isFilled = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Those who were there are named only where nobody is there or about to come. */
function heroesOf(room: Room, reader: UserId): UserId[] {
  const present = firstOf(room, ['join', 'invite'], reader);
  return present.length > 0 ? present : firstOf(room, ['leave', 'ban'], reader);
}

function firstOf(room: Room, memberships: readonly Membership[], reader: UserId): UserId[] {
  const heroes: UserId[] = [];
  for (const membership of memberships) {
    for (const userId of room.members(membership)) {
      if (heroes.length === HEROES_MAX) return heroes;
      if (userId !== reader) heroes.push(userId);
    }
  }
  return heroes;
}
