import type { PartialRooms } from '../elsewhere/partial-rooms.ts';
import type { Passages } from '../elsewhere/passages.ts';
import type { BlockedRooms } from '../membership/blocked-rooms.ts';
import type { RoomMemory } from '../memory/room-memory.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { UserRooms } from '../memory/user-rooms.ts';
import type { PolicyServers } from '../policy/policy-servers.ts';
import type { RoomPorts } from '../ports.ts';
import type { HeldLoads } from '../receive/held-loads.ts';
import type { Resolutions } from '../state/resolutions.ts';
import type { Resolving } from '../state/resolving/resolver.ts';

export interface Building {
  readonly ports: RoomPorts;
  readonly rooms: RoomMemory;
  readonly keys: StateKeys;
  readonly userRooms: UserRooms;
  readonly blocked: BlockedRooms;
  readonly passages: Passages;
  readonly partialRooms: PartialRooms;
  readonly policyServers: PolicyServers;
  readonly heldLoads: HeldLoads;
  readonly resolver: Resolving;
  readonly resolutions: Resolutions;
  readonly creationTime: () => number;
}
