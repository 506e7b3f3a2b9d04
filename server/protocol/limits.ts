/** Of the event in its federation form, as canonical JSON (client-server API, "Size limits"). */
export const EVENT_BYTES_MAX = 65_536;

/** Of `type` and `state_key`; identifiers have the same limit of their own. */
export const FIELD_BYTES_MAX = 255;

export const PREV_EVENTS_MAX = 20;
export const AUTH_EVENTS_MAX = 10;

/**
 * As the specification has it from room version 6 on. Before, it was 2^63-1; an older event's depth
 * beyond this is taken for this, which neither JavaScript nor a reader of the room can tell apart.
 */
export const DEPTH_MAX = Number.MAX_SAFE_INTEGER;

/** What a new event's depth is: one more than its deepest predecessor's, or the limit. */
export const depthAfter = (depths: readonly number[]): number =>
  Math.min(depths.reduce((a, b) => Math.max(a, b), 0) + 1, DEPTH_MAX);
