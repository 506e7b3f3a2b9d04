/**
 * The time of a create event, never the same twice: from room version 12 on the room's id is the hash
 * of that event, which holds nothing else that differs between two rooms of one user.
 */
export function creationTimes(now: () => number): () => number {
  let last = 0;
  return () => {
    last = Math.max(now(), last + 1);
    return last;
  };
}
