import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { compareChildren } from '../../protocol/spaces/hierarchy.ts';
import type { RoomSummary } from '../summary/room-summary.ts';

export interface HierarchyRoom {
  readonly summary: RoomSummary;
  /** Of a space. */
  readonly children: readonly SpaceChild[];
}

/** The event by which a space holds a room. */
export interface SpaceChild {
  readonly type: string;
  readonly stateKey: RoomId;
  readonly content: JsonObject;
  readonly sender: UserId;
  readonly originServerTs: number;
  /** What it takes of an answer. */
  readonly bytes: number;
}

const CHILDREN_MAX = 500;
/** Of the children of one room: what is in an event of theirs is up to clients. */
const CHILDREN_BYTES_MAX = 262_144;

/** As a space shows them, as many as are told. */
export function inOrder(
  children: readonly SpaceChild[],
  { suggestedOnly }: { readonly suggestedOnly: boolean },
): readonly SpaceChild[] {
  const shown = children
    .filter(({ content }) => !suggestedOnly || content.suggested === true)
    .sort(compareChildren)
    .slice(0, CHILDREN_MAX);
  let sum = 0;
  return shown.filter(({ bytes }) => {
    sum += bytes;
    return sum <= CHILDREN_BYTES_MAX;
  });
}

export const bytesOf = (children: readonly SpaceChild[]): number =>
  children.reduce((sum, { bytes }) => sum + bytes, 0);
