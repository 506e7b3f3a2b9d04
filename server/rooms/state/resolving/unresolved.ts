/**
 * A conflict of states of a room could not be resolved, by what it is: it took too long, or more memory than there is for it.
 * So it goes for this room, and for no other.
 */
export class Unresolved extends Error {
  override readonly name = 'Unresolved';
}
